import type { SignalOutcome, System } from './system.ts'

const firstLookMs = 5
const longestLookMs = 100

/** The processes that a spawned process leads: itself, and what it has started. */
export class ProcessGroup {
  readonly #system: System
  readonly #leader: number
  #leaderLives = true
  /** A member that was alive at the last look. Checking it again is cheap. */
  #member: number | undefined
  #nextLook: Disposable | undefined

  constructor(system: System, leader: number) {
    this.#system = system
    this.#leader = leader
  }

  get leader(): number {
    return this.#leader
  }

  get leaderLives(): boolean {
    return this.#leaderLives
  }

  leaderExited(): void {
    this.#leaderLives = false
  }

  /** The pid of a process that is left in the group, or undefined if the group is empty. */
  get member(): number | undefined {
    if (this.#leaderLives) return this.#leader
    this.#member = this.#isOurs ? this.#system.memberOf(this.#leader, this.#member) : undefined
    return this.#member
  }

  has(pid: number): boolean {
    return this.#system.groupOf(pid) === this.#leader
  }

  signal(signal: NodeJS.Signals | number): SignalOutcome {
    return this.#isOurs ? this.#system.signal(-this.#leader, signal) : 'gone'
  }

  /** Looks until nothing is left of it. `onLook` is called after each look that found something. */
  whenEmpty(onEmpty: () => void, onLook: () => void): void {
    this.close()
    const look = (delayMs: number) => {
      this.#nextLook = undefined
      if (this.member === undefined) return onEmpty()
      this.#nextLook = this.#system.timer(delayMs, () => look(Math.min(delayMs * 2, longestLookMs)))
      onLook()
    }
    look(firstLookMs)
  }

  close(): void {
    this.#nextLook?.[Symbol.dispose]()
    this.#nextLook = undefined
  }

  /**
   * The system does not reuse the leader's pid while a member of the group is left. If the leader is gone and another process has its
   * pid, that process is a stranger, and so is its group.
   */
  get #isOurs(): boolean {
    return this.#leaderLives || this.#system.ownerOf(this.#leader) === undefined
  }
}
