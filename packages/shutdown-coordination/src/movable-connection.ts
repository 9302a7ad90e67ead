import type { Socket } from 'node:net'
import type { HttpIdleness } from './http-idleness.ts'

/** When a connection may move to another process. */
export type Movability = 'now' | 'later' | 'never'

export interface MovableConnection {
  readonly socket: Socket
  /** @param idleness that of the server's connections, now */
  movability(idleness: HttpIdleness): Movability
  /** Tells the connection that it was not the moment. */
  later(): void
  /** Tells the connection that it is served here to its end. */
  stays(): void
}
