import { Deadline } from './deadline.ts'
import type { ProcessExit } from './failure.ts'
import type { Launch, System } from './system.ts'

type MainProcessObserver = {
  /** Neither the spawned process nor the one that MAINPID told is left. */
  onGone: (exit: ProcessExit) => void
  /** The one that MAINPID told is gone, and the spawned one has not followed it. */
  onMainGone: () => void
}

/** A spawned process that stands for the main one (a container's client) ends soon after it, with its exit status. */
const lingerMs = 2_000

/** The process to signal and to watch: the spawned one, until it tells another by MAINPID. */
export class MainProcess {
  readonly #system: System
  readonly #observer: MainProcessObserver
  #spawnedPid: number | undefined
  #spawnedLives = false
  #followed: { pid: number; watch: Disposable } | undefined
  readonly #linger: Deadline

  constructor(system: System, observer: MainProcessObserver) {
    this.#system = system
    this.#observer = observer
    this.#linger = new Deadline(system, () => observer.onMainGone())
  }

  get pid(): number | undefined {
    return this.#followed?.pid ?? (this.#spawnedLives ? this.#spawnedPid : undefined)
  }

  spawn(launch: Launch, onError: (error: NodeJS.ErrnoException) => void): void {
    this.#spawnedPid = this.#system.spawn(launch, { onExit: (exit) => this.#spawnedExited(exit), onError })
    this.#spawnedLives = this.#spawnedPid !== undefined
  }

  /** Follows MAINPID. Returns whether that named another process than before. */
  follow(pid: number): boolean {
    if (pid === this.pid || (pid === this.#spawnedPid && !this.#spawnedLives)) return false
    this.#unfollow()
    if (pid !== this.#spawnedPid) {
      this.#followed = { pid, watch: this.#system.watchPid(pid, () => this.#followedExited()) }
    }
    return true
  }

  signal(signal: NodeJS.Signals | number): void {
    if (this.pid !== undefined) this.#system.signal(this.pid, signal)
  }

  kill(): void {
    this.signal('SIGKILL')
    this.#killGroup()
  }

  /** What is left of the group ends with its main process, as with systemd's KillMode=mixed. */
  close(): void {
    this.#unfollow()
    this.#linger.clear()
    this.#killGroup()
  }

  /**
   * A group keeps its leader's pid from being given to another process; once it is empty, the pid may be anybody's.
   * Where the leader is gone and a process has its pid, that is a stranger, and so is its group.
   */
  #killGroup(): void {
    const leader = this.#spawnedPid
    if (leader === undefined) return
    if (this.#spawnedLives || this.#system.ownerOf(leader) === undefined)
      this.#system.signal(-leader, 'SIGKILL')
  }

  #unfollow(): void {
    this.#followed?.watch[Symbol.dispose]()
    this.#followed = undefined
  }

  #spawnedExited(exit: ProcessExit): void {
    this.#spawnedLives = false
    this.#linger.clear()
    if (this.#followed === undefined) this.#observer.onGone(exit)
  }

  #followedExited(): void {
    this.#unfollow()
    if (this.#spawnedLives) this.#linger.arm(lingerMs)
    else this.#observer.onGone({ code: null, signal: null })
  }
}
