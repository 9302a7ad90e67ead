import { Deadline } from './deadline.ts'
import type { ProcessExit } from './failure.ts'
import type { Launch, System } from './system.ts'

type MainProcessObserver = {
  /** Neither the spawned process nor the one that MAINPID told is left. */
  onGone: (exit: ProcessExit) => void
  /** The one that MAINPID told is gone, and the spawned one has not followed it. */
  onMainGone: () => void
}

/**
 * What stands for something else ends soon after it: a spawned process (a container's client) after the main one, with
 * its exit status, and a main one (a container's monitor) after what it monitors.
 */
const lingerMs = 2_000

/** The process to signal and to watch: the spawned one, until it tells another by MAINPID. */
export class MainProcess {
  readonly #system: System
  readonly #observer: MainProcessObserver
  #spawnedPid: number | undefined
  #spawnedLives = false
  #followed: { pid: number; watch: Disposable } | undefined
  readonly #linger: Deadline
  readonly #killLinger: Deadline

  constructor(system: System, observer: MainProcessObserver) {
    this.#system = system
    this.#observer = observer
    this.#linger = new Deadline(system, () => observer.onMainGone())
    this.#killLinger = new Deadline(system, () => this.#killAtOnce())
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

  /**
   * SIGKILL. A main process that was told by MAINPID may be but the monitor of a container (conmon): killed, it would leave
   * the container running, with nobody to remove it. So what it has started is killed first, and it when it does not follow,
   * or when this is called again.
   */
  kill(): void {
    const monitored = this.#followed === undefined ? [] : this.#system.childrenOf(this.#followed.pid)
    if (monitored.length === 0 || this.#killLinger.armed) this.#killAtOnce()
    else this.#killLinger.arm(lingerMs)
    for (const pid of monitored) this.#system.signal(pid, 'SIGKILL')
  }

  #killAtOnce(): void {
    this.signal('SIGKILL')
    this.#killGroup()
  }

  /** What is left of the group ends with its main process, as with systemd's KillMode=mixed. */
  close(): void {
    this.#unfollow()
    this.#linger.clear()
    this.#killLinger.clear()
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
