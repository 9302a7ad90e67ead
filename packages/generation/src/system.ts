import type { Bytes, OwnedFd } from '@shellflip/fd-passing'
import type { Notification } from '@shellflip/sd-notify'
import type { ProcessExit } from './failure.ts'

/** What to execute, and what it finds there. Text, or bytes where it may not be UTF-8. */
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
  /** What the process gets as LISTEN_FDS, from fd 3 up, in this order. */
  listen: readonly ListenSocket[]
}

/** A listening socket that outlives the generations, under the name that they find in LISTEN_FDNAMES. */
export type ListenSocket = { name: string; fd: OwnedFd }

export type ProcessObserver = {
  onExit: (exit: ProcessExit) => void
  /** It could not be started: `code` is the system's word (ENOENT …). No exit follows. */
  onError: (error: NodeJS.ErrnoException) => void
}

/** The receiving end of a generation's notify socket. Disposing of it removes the socket. */
export type NotifyInbox = Disposable & {
  /** Resolves once all that was in the socket's queue before the call has been delivered. */
  settled: () => Promise<void>
}

/** The seam to the operating system: all that a generation, or a supervisor of generations, asks of it. */
export type System = {
  /** A monotonic clock, in milliseconds. */
  now: () => number
  timer: (ms: number, callback: () => void) => Disposable
  /** Spawns a process that leads a session and a group of its own. Returns its pid, or undefined: then `onError` follows. */
  spawn: (launch: Launch, observer: ProcessObserver) => number | undefined
  /** Signals one process, or, where `pid` is negative, a group; one that is gone is passed over. */
  signal: (pid: number, signal: NodeJS.Signals | number) => void
  /** Watches a process that need not be a child. */
  watchPid: (pid: number, onExit: () => void) => Disposable
  /** The uid that a process runs as, -1 where the system tells only that it is another user's; undefined where there is none. */
  ownerOf: (pid: number) => number | undefined
  /** The processes that this one has started and that live; none where the system does not tell. */
  childrenOf: (pid: number) => readonly number[]
  openNotifySocket: (path: string, onNotification: (notification: Notification) => void) => NotifyInbox
}
