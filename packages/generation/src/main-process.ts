import { Deadline } from './deadline.ts'
import type { ProcessExit } from './failure.ts'
import { ProcessGroup } from './process-group.ts'
import type { Launch, SignalOutcome, Spawned, System } from './system.ts'

type Signal = NodeJS.Signals | number

type MainProcessObserver = {
  /** Neither the spawned process nor the one that MAINPID named is left. Members of their group may be. */
  onGone: (exit: ProcessExit) => void
  /** The one that MAINPID named is gone, and the spawned one has not followed it. */
  onMainGone: () => void
  /** The system refused a signal: the process runs as another user. */
  onRefused: (pid: number, signal: Signal) => void
  /** SIGKILL was refused, or did not end it. */
  onUnkillable: () => void
}

/**
 * What stands for something else ends soon after it: a spawned process (a container's client) after the main one, with
 * its exit status, and a main one (a container's monitor) after what it monitors.
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
  /** Whether the group has the stop signal already: some programs take a second one for an order to cut the drain. */
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
   * @throws if the system cannot watch that process
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
   * Sends the stop signal to the group that the main process is in. A container's monitor (conmon) is in another group than the
   * client that was spawned: then it alone gets the signal, for the client passes signals on, and the container would
   * get two. Where the client is gone nothing passes them on, and both get it.
   *
   * SIGCONT follows: a process that is stopped cannot obey (systemd, runit and s6 do the same).
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
   * SIGKILL. A main process that was named by MAINPID may be but the monitor of a container (conmon): killed, it would leave
   * the container running, with nobody to remove it. So what it has started is killed first. It is killed too when it does not
   * follow, or when this is called again.
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
