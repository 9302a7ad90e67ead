import type { OwnedFd } from '@shellflip/fd-passing'

/** A socket that was open before this process was. */
export type InheritedSocket = {
  readonly fd: OwnedFd
  /** A service manager made it, and keeps it: its path is not ours to unlink. */
  readonly activated: boolean
}

/** The sockets that this process can take over, from a predecessor or from a service manager. */
export interface InheritedSockets {
  /** Takes the next socket that was offered under this key. */
  socket(key: string): InheritedSocket | undefined
  /** Names the file at the path of a UNIX socket, as its owner found it. Undefined if nobody tells. */
  file(key: string): string | undefined
  /** Lists the keys that begin with this, and whose sockets nobody has taken. */
  keys(prefix: string): string[]
  /** Reports that this process cannot take over. */
  refuse(reason: string): void
  /** Whether the predecessor cannot continue: what it gave is this process's own then. False where there is none. */
  readonly committed: boolean
}
