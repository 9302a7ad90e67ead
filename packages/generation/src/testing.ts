import type { Notification, NotifyMessage } from '@shellflip/sd-notify'
import type { ProcessExit } from './failure.ts'
import type { SocketsNotTaken } from './passed-sockets.ts'
import type {
  InboxObserver,
  Launch,
  NotifyInbox,
  ProcessObserver,
  SignalOutcome,
  Spawned,
  System,
  Timer,
} from './system.ts'

export type FakeProcess = {
  pid: number
  launch: Launch
  alive: boolean
  /** The pid of the process that leads its group. */
  group: number
  /** Whether the event loop may end before the process does. */
  released: boolean
  /** The signals that were sent to it, in order. */
  signals: (NodeJS.Signals | number)[]
}

type ArmedTimer = { at: number; callback: () => void }
type Inbox = InboxObserver & { queue: Notification[] }

/** An operating system in memory, for tests of code that uses `System`. Only `advance` moves its clock. */
export class FakeSystem implements System {
  readonly processes: FakeProcess[] = []
  /** The notify sockets that are open. */
  readonly inboxes = new Map<string, Inbox>()
  /** Leaves messages in the notify sockets' queues until they are read, as for a paused supervisor. */
  queueing = false
  /** Processes of another user: signals to them are refused. */
  readonly foreign = new Set<number>()
  /** The result of `lookForSockets`. */
  notTaken: SocketsNotTaken | undefined
  /** The results of `childrenOf`. */
  readonly children = new Map<number, readonly number[]>()
  /** Makes the next spawn fail with this code. */
  nextSpawnError: string | undefined
  readonly #observers = new Map<number, ProcessObserver>()
  readonly #watchers = new Map<number, Set<() => void>>()
  readonly #dying = new Set<number>()
  readonly #timers = new Set<ArmedTimer>()
  #now = 0
  #lastPid = 1000

  /** The number of armed timers. */
  get timers(): number {
    return this.#timers.size
  }

  get living(): FakeProcess[] {
    return this.processes.filter(({ alive }) => alive)
  }

  now(): number {
    return this.#now
  }

  timer(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    const leftMs = () => timer.at - this.#now
    return {
      get leftMs() {
        return leftMs()
      },
      [Symbol.dispose]: () => void this.#timers.delete(timer),
    }
  }

  spawn(launch: Launch, observer: ProcessObserver): Spawned | undefined {
    if (this.nextSpawnError !== undefined) {
      const error = Object.assign(new Error('spawn failed'), { code: this.nextSpawnError })
      this.nextSpawnError = undefined
      queueMicrotask(() => observer.onError(error))
      return undefined
    }
    const process = this.#start(launch)
    this.#observers.set(process.pid, observer)
    return {
      pid: process.pid,
      [Symbol.dispose]: () => {
        process.released = true
      },
    }
  }

  /** A process starts another one, in its group and as its user. */
  fork(parent: FakeProcess): FakeProcess {
    const child = this.#start(parent.launch, parent.group)
    if (this.foreign.has(parent.pid)) this.foreign.add(child.pid)
    return child
  }

  #start(launch: Launch, group?: number): FakeProcess {
    const pid = ++this.#lastPid
    const process: FakeProcess = {
      pid,
      launch,
      alive: true,
      group: group ?? pid,
      released: false,
      signals: [],
    }
    this.processes.push(process)
    return process
  }

  /** Only SIGKILL ends a fake process, as if it ignored all other signals. The next `advance` reports its exit. */
  signal(pid: number, signal: NodeJS.Signals | number): SignalOutcome {
    const found = this.living.filter((process) => (pid < 0 ? process.group === -pid : process.pid === pid))
    const ours = found.filter((process) => !this.foreign.has(process.pid))
    if (found.length === 0) return 'gone'
    for (const process of ours) {
      process.signals.push(signal)
      if (signal === 'SIGKILL') this.#dying.add(process.pid)
    }
    return ours.length === 0 ? 'refused' : 'sent'
  }

  watchPid(pid: number, onExit: () => void): Disposable {
    const watchers = this.#watchers.get(pid) ?? new Set()
    this.#watchers.set(pid, watchers.add(onExit))
    return { [Symbol.dispose]: () => void watchers.delete(onExit) }
  }

  /** Processes that were not spawned here are anybody's, and live. */
  ownerOf(pid: number): number | undefined {
    return this.processes.findLast((process) => process.pid === pid)?.alive === false ? undefined : 0
  }

  groupOf(pid: number): number | undefined {
    return this.living.find((process) => process.pid === pid)?.group
  }

  memberOf(group: number): number | undefined {
    return this.living.find((process) => process.group === group)?.pid
  }

  childrenOf(pid: number): readonly number[] {
    return this.children.get(pid) ?? []
  }

  lookForSockets(): SocketsNotTaken | undefined {
    return this.notTaken
  }

  openNotifySocket(path: string, observer: InboxObserver): NotifyInbox {
    const inbox: Inbox = { ...observer, queue: [] }
    this.inboxes.set(path, inbox)
    return {
      readPending: () => this.#read(inbox),
      [Symbol.dispose]: () => void this.inboxes.delete(path),
    }
  }

  /** Moves the clock, and runs what is due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      this.#reap()
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#now = Math.max(this.#now, due.at)
      this.#timers.delete(due)
      due.callback()
    }
    this.#now = end
  }

  #reap(): void {
    for (const pid of this.#dying) this.exit(pid, { code: null, signal: 'SIGKILL' })
    this.#dying.clear()
  }

  #read({ queue, onNotification }: Inbox): void {
    for (const notification of queue.splice(0)) onNotification(notification)
  }

  /** Everything in the notify sockets' queues is read. */
  read(): void {
    for (const inbox of [...this.inboxes.values()]) this.#read(inbox)
  }

  /** The process sends something to its notify socket. `sender` is another process that sends it for this one. */
  notify(pid: number, message: NotifyMessage, sender = pid): void {
    const process = this.processes.find((candidate) => candidate.pid === pid)
    const inbox = this.inboxes.get(String(process?.launch.env.NOTIFY_SOCKET ?? ''))
    inbox?.queue.push({ message, fds: [], sender: { pid: sender, uid: 0, gid: 0 } })
    if (inbox !== undefined && !this.queueing) this.#read(inbox)
  }

  /** A process ends: one that was spawned, or another one that is watched. */
  exit(pid: number, exit: ProcessExit): void {
    const process = this.living.find((candidate) => candidate.pid === pid)
    if (process !== undefined) {
      process.alive = false
      this.#observers.get(pid)?.onExit(exit)
    }
    for (const onExit of this.#watchers.get(pid) ?? []) onExit()
  }
}
