import { Deadline } from './deadline.ts'
import type { ProcessExit } from './failure.ts'
import { ProcessGroup } from './process-group.ts'
import type { Launch, SignalOutcome, Spawned, System } from './system.ts'

type Signal = NodeJS.Signals | number

type MainProcessObserver = {
  /** Called when the spawned process and the one that MAINPID named are both gone. Members of their group may be left. */
  onGone: (exit: ProcessExit) => void
  /** The one that MAINPID named is gone, and the spawned one has not followed it. */
  onMainGone: () => void
  /** The system refused a signal: the process runs as another user. */
  onRefused: (pid: number, signal: Signal) => void
  /** SIGKILL was refused, or did not end it. */
  onUnkillable: () => void
}

/**
 * A process that represents another one exits soon after it. A spawned process (a container's client) follows the main process, with its
 * exit status. A main process (a container's monitor) follows the process that it monitors.
 */
const lingerMs = 2_000

/** SIGKILL ends a process at once, unless a system call holds it (a dead NFS server). */
const killedMs = 10_000

/** The process to watch, and the group to signal: the spawned one's, until MAINPID names another process. */
export class MainProcess {
  readonly #system: System
  readonly #observer: MainProcessObserver
  #spawned: Spawned | undefined
  #group: ProcessGroup | undefined
  #followed: { pid: number; watch: Disposable } | undefined
  /** Whether the group has received the stop signal. Some programs cut the drain short on a second one. */
  #groupSignalled = false
  /** The last signal that was sent to end it. */
  #endSignal: Signal | undefined
  readonly #linger: Deadline
  readonly #killLinger: Deadline
  readonly #killed: Deadline

  constructor(system: System, observer: MainProcessObserver) {
    this.#system = system
    this.#observer = observer
    this.#linger = new Deadline(system, () => observer.onMainGone())
    this.#killLinger = new Deadline(system, () => this.#killAtOnce())
    this.#killed = new Deadline(system, () => observer.onUnkillable())
  }

  get pid(): number | undefined {
    return this.#followed?.pid ?? (this.#group?.leaderLives ? this.#group.leader : undefined)
  }

  /** The process that was spawned, and then leads a group. */
  get spawnedPid(): number | undefined {
    return this.#group?.leader
  }

  /** A process of it that is left, the main one first. */
  get anyPid(): number | undefined {
    return this.pid ?? this.#group?.member
  }

  spawn(launch: Launch, onError: (error: NodeJS.ErrnoException) => void): void {
    const spawned = this.#system.spawn(launch, { onExit: (exit) => this.#spawnedExited(exit), onError })
    if (spawned === undefined) return
    this.#spawned = spawned
    this.#group = new ProcessGroup(this.#system, spawned.pid)
  }

  /**
   * Follows MAINPID. Returns whether that named another process than before.
   *
   * @throws {Error} if the system cannot watch that process
   */
  follow(pid: number): boolean {
    const group = this.#group
    if (pid === this.pid || (pid === group?.leader && !group.leaderLives)) return false
    const watch =
      pid === group?.leader ? undefined : this.#system.watchPid(pid, () => this.#followedExited(pid))
    this.#unfollow()
    if (watch !== undefined) this.#followed = { pid, watch }
    return true
  }

  /** Sends a process that is followed only now what the others got before. */
  signalFollowed(): void {
    if (this.#endSignal === 'SIGKILL') this.#killAll()
    else if (this.#endSignal !== undefined) this.signal(this.#endSignal)
  }

  /**
   * Sends the stop signal to the group of the main process. A container's monitor (conmon) is not in the group of the spawned client.
   * Then only the client gets the signal, because the client forwards signals and the container would get two. If the client is gone,
   * nothing forwards them, and both groups get it.
   *
   * Sends SIGCONT after it, because a stopped process cannot handle the signal (systemd, runit and s6 do the same).
   */
  signal(signal: Signal): void {
    this.#endSignal = signal
    const group = this.#group
    const main = this.#followed
    const alone = main !== undefined && group?.has(main.pid) !== true
    if (alone) this.#sendStop(main.pid, (name) => this.#system.signal(main.pid, name), signal)
    if (group === undefined || this.#groupSignalled || (alone && group.leaderLives)) return
    this.#groupSignalled = true
    const { member = group.leader } = group
    this.#sendStop(member, (name) => group.signal(name), signal)
  }

  #sendStop(pid: number, send: (signal: Signal) => SignalOutcome, signal: Signal): void {
    if (send(signal) === 'refused') this.#observer.onRefused(pid, signal)
    else send('SIGCONT')
  }

  /** Calls back once no process of it is left, and at once where that is so. A MAINPID that comes meanwhile undoes it. */
  whenEmpty(onEmpty: () => void): void {
    const empty = () => {
      if (this.pid === undefined) onEmpty()
    }
    if (this.#group === undefined) empty()
    else this.#group.whenEmpty(empty, () => this.#endSignal === 'SIGKILL' && this.#killGroup())
  }

  /**
   * Sends SIGKILL. A main process that MAINPID named may only be the monitor of a container (conmon). Killing it would leave the
   * container running, with nobody to remove it. So this kills the children of the monitor first. It kills the monitor too if the monitor
   * does not follow them, or on a second call.
   */
  kill(): void {
    const monitored = this.#followed === undefined ? [] : this.#system.childrenOf(this.#followed.pid)
    if (monitored.length === 0 || this.#killLinger.armed) this.#killAtOnce()
    else this.#killLinger.arm(lingerMs)
    for (const pid of monitored) this.#system.signal(pid, 'SIGKILL')
  }

  #killAtOnce(): void {
    this.#endSignal = 'SIGKILL'
    this.#killed.arm(killedMs)
    this.#killAll()
  }

  #killAll(): void {
    const main = this.#followed
    if (main !== undefined && this.#system.signal(main.pid, 'SIGKILL') === 'refused')
      this.#refuseKill(main.pid)
    this.#killGroup()
  }

  #killGroup(): void {
    const member = this.#group?.member
    if (member !== undefined && this.#group?.signal('SIGKILL') === 'refused') this.#refuseKill(member)
  }

  #refuseKill(pid: number): void {
    this.#observer.onRefused(pid, 'SIGKILL')
    this.#observer.onUnkillable()
  }

  /** Holds nothing any more, not even the event loop for a process that cannot be ended. */
  close(): void {
    this.#spawned?.[Symbol.dispose]()
    this.#unfollow()
    this.#linger.clear()
    this.#killLinger.clear()
    this.#killed.clear()
    this.#group?.close()
  }

  #unfollow(): void {
    this.#followed?.watch[Symbol.dispose]()
    this.#followed = undefined
  }

  #spawnedExited(exit: ProcessExit): void {
    this.#group?.leaderExited()
    this.#linger.clear()
    if (this.#followed === undefined) this.#observer.onGone(exit)
  }

  #followedExited(pid: number): void {
    if (this.#followed?.pid !== pid) return
    this.#unfollow()
    if (this.#group?.leaderLives) this.#linger.arm(lingerMs)
    else this.#observer.onGone({ code: null, signal: null })
  }
}
