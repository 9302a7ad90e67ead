import type { Bytes, NamedFd } from '@shellflip/fd-passing'
import type { Notification } from '@shellflip/sd-notify'
import type { ProcessExit } from './failure.ts'
import type { SocketSearch, SocketsNotTaken } from './passed-sockets.ts'

/** The program to execute, and its environment. Values are text, or bytes where they may not be UTF-8. */
export type Launch = {
  /** As given: a name is looked up in PATH, a path is followed anew at each start, symlinks too. */
  file: Bytes
  args: readonly Bytes[]
  env: Readonly<Record<string, Bytes | undefined>>
  /** Variables whose very names are not UTF-8, as `NAME=VALUE`. @default none */
  rawEnv?: readonly Uint8Array[]
  /** The working directory, looked up anew at each start. @default the supervisor's own */
  cwd?: Bytes
  /** The soft limit of open files (RLIMIT_NOFILE). @default the supervisor's own, which Node has raised to the hard limit */
  openFiles?: number
  /** The sockets that the process gets as LISTEN_FDS, from fd 3 up, in this order. Their names are in LISTEN_FDNAMES. */
  listen: readonly NamedFd[]
}

export type ProcessObserver = {
  onExit: (exit: ProcessExit) => void
  /** It could not be started. `code` is the errno name (ENOENT …). No exit follows. */
  onError: (error: NodeJS.ErrnoException) => void
}

export type InboxObserver = {
  onNotification: (notification: Notification) => void
  /** The system refuses to receive. The inbox tries again, and is silent about it until it has received something. */
  onTrouble: (error: Error) => void
}

/** The receiving end of a generation's notify socket. Disposing of it removes the socket. */
export type NotifyInbox = Disposable & {
  /** Delivers every message in the socket's queue before it returns. */
  readPending: () => void
}

/** A spawned process. Disposing of it lets the event loop end first. While the loop runs, the exit is still reaped and reported. */
export type Spawned = Disposable & { readonly pid: number }

/** The result of a signal. `gone`: the process does not exist. `refused`: it runs as another user (EPERM). */
export type SignalOutcome = 'sent' | 'gone' | 'refused'

/** Disposing of it stops it. */
export type Timer = Disposable & {
  /** The time that is left, in milliseconds. */
  readonly leftMs: number
}

/** The seam to the operating system: everything that a generation, or a supervisor of generations, requests from it. */
export type System = {
  /** A monotonic clock, in milliseconds. */
  now: () => number
  /** Measures the time for which this process runs: a pause does not count. */
  timer: (ms: number, callback: () => void) => Timer
  /** Spawns a process that leads a new session and a new group. Returns undefined if it cannot, and `onError` follows. */
  spawn: (launch: Launch, observer: ProcessObserver) => Spawned | undefined
  /** Signals one process, or a group if `pid` is negative. Signal 0 only checks. */
  signal: (pid: number, signal: NodeJS.Signals | number) => SignalOutcome
  /** Watches a process that need not be a child. @throws {Error} if the system cannot watch it, as when it does not exist */
  watchPid: (pid: number, onExit: () => void) => Disposable
  /**
   * Returns the uid that a process runs as, or -1 where the system shows only that another user owns it. Returns undefined if this pid is
   * not a live process. A thread is not a process, and a zombie is not alive.
   */
  ownerOf: (pid: number) => number | undefined
  /** Returns the group that a process belongs to, or undefined where the system does not show it. */
  groupOf: (pid: number) => number | undefined
  /**
   * Returns a live process of the group, or -1 where the system does not show which. Returns undefined if none is alive. A zombie is not
   * alive. Checks `known`, which was found before, first.
   */
  memberOf: (group: number, known?: number) => number | undefined
  /** Lists the live processes that this one has started. The list is empty where the system does not show them. */
  childrenOf: (pid: number) => readonly number[]
  /**
   * Checks whether the sockets of a launch arrived, when a process reports ready for it. Returns undefined if they did, or if that is
   * unknown.
   */
  lookForSockets: (search: SocketSearch) => SocketsNotTaken | undefined
  openNotifySocket: (path: string, observer: InboxObserver) => NotifyInbox
}
