import type { Socket } from 'node:net'

/** When a connection may move to another process. */
export type Movability = 'now' | 'later' | 'never'

export interface MovableConnection {
  readonly socket: Socket
  /** @param idleParsers those of the server that are between two requests */
  movability(idleParsers: ReadonlySet<unknown>): Movability
  /** Tells the connection that it was not the moment. */
  later(): void
  /** Tells the connection that it is served here to its end. */
  stays(): void
}
