import type { NamedFd } from '@shellflip/fd-passing'

/** The sockets that this process can take over, from a predecessor or from a service manager. */
export interface SocketSource {
  /** Takes the next socket that was offered under this key, which is its name. */
  socket(key: string): NamedFd | undefined
  /** Names the file at the path of a UNIX socket, as its owner found it. Undefined if that was not passed. */
  file(key: string): string | undefined
  /** Lists the keys that begin with this prefix, and whose sockets were not taken. */
  keys(prefix: string): string[]
  /** Reports that this process cannot take over. */
  refuse(reason: string): void
  /** Whether the predecessor cannot continue. Everything that it gave is then this process's own. False without a predecessor. */
  readonly committed: boolean
}
