import type { OwnedFd } from '@shellflip/fd-passing'

/** A socket that was open before this process started. */
export type InheritedSocket = {
  readonly fd: OwnedFd
  /** Whether a service manager made it, and keeps it. Its path is not ours to unlink. */
  readonly activated: boolean
}

/** The sockets that this process can take over, from a predecessor or from a service manager. */
export interface InheritedSockets {
  /** Takes the next socket that was offered under this key. */
  socket(key: string): InheritedSocket | undefined
  /** Names the file at the path of a UNIX socket, as its owner found it. Undefined if that was not passed. */
  file(key: string): string | undefined
  /** Lists the keys that begin with this prefix, and whose sockets were not taken. */
  keys(prefix: string): string[]
  /** Reports that this process cannot take over. */
  refuse(reason: string): void
  /** Whether the predecessor cannot continue. Everything that it gave is then this process's own. False without a predecessor. */
  readonly committed: boolean
}
