import type { Notification, NotifyMessage } from '@shellflip/sd-notify'
import type { ProcessExit } from './failure.ts'
import type { Launch, NotifyInbox, ProcessObserver, System } from './system.ts'

export type FakeProcess = {
  pid: number
  launch: Launch
  alive: boolean
  /** What was sent to it, in order. */
  signals: (NodeJS.Signals | number)[]
}

type Timer = { at: number; callback: () => void }

/** An operating system in memory, whose clock moves by `advance` alone: for tests of what stands on `System`. */
export class FakeSystem implements System {
  readonly processes: FakeProcess[] = []
  /** The notify sockets that are open. */
  readonly inboxes = new Map<string, (notification: Notification) => void>()
  /** Lets what is in the notify sockets' queues be read late: `settled()` waits for `settle()`. */
  slowInboxes = false
  /** What `childrenOf` answers. */
  readonly children = new Map<number, readonly number[]>()
  /** Makes the next spawn fail with this code. */
  nextSpawnError: string | undefined
  readonly #observers = new Map<number, ProcessObserver>()
  readonly #watchers = new Map<number, Set<() => void>>()
  readonly #unsettled: (() => void)[] = []
  readonly #dying = new Set<number>()
  readonly #timers = new Set<Timer>()
  #now = 0
  #lastPid = 1000

  /** How many timers are armed. */
  get timers(): number {
    return this.#timers.size
  }

  get living(): FakeProcess[] {
    return this.processes.filter(({ alive }) => alive)
  }

  now(): number {
    return this.#now
  }

  timer(ms: number, callback: () => void): Disposable {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  spawn(launch: Launch, observer: ProcessObserver): number | undefined {
    if (this.nextSpawnError !== undefined) {
      const error = Object.assign(new Error('spawn failed'), { code: this.nextSpawnError })
      this.nextSpawnError = undefined
      queueMicrotask(() => observer.onError(error))
      return undefined
    }
    const process = { pid: ++this.#lastPid, launch, alive: true, signals: [] }
    this.processes.push(process)
    this.#observers.set(process.pid, observer)
    return process.pid
  }

  /** Only SIGKILL ends a fake process, as if it ignored all others; its exit is told at the next `advance`. */
  signal(pid: number, signal: NodeJS.Signals | number): void {
    const process = this.living.find((candidate) => candidate.pid === Math.abs(pid))
    if (process === undefined) return
    process.signals.push(signal)
    if (signal === 'SIGKILL') this.#dying.add(process.pid)
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

  childrenOf(pid: number): readonly number[] {
    return this.children.get(pid) ?? []
  }

  openNotifySocket(path: string, onNotification: (notification: Notification) => void): NotifyInbox {
    this.inboxes.set(path, onNotification)
    return {
      settled: () => new Promise((resolve) => this.#settle(resolve)),
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

  #settle(resolve: () => void): void {
    if (this.slowInboxes) this.#unsettled.push(resolve)
    else resolve()
  }

  /** What was in the notify sockets' queues has been read. */
  settle(): void {
    for (const resolve of this.#unsettled.splice(0)) resolve()
  }

  /** The process says something on its notify socket. */
  notify(pid: number, message: NotifyMessage): void {
    const process = this.processes.find((candidate) => candidate.pid === pid)
    this.inboxes.get(String(process?.launch.env.NOTIFY_SOCKET ?? ''))?.({ message, fds: [] })
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
