import type { Socket } from 'node:net'

/** When a connection may go to another process. */
export type Movability = 'now' | 'later' | 'never'

export interface MovableConnection {
  readonly socket: Socket
  /** @param idleParsers those of the server that stand between two requests */
  movability(idleParsers: ReadonlySet<unknown>): Movability
  /** It was not the moment. */
  later(): void
  /** It is served here to its end. */
  stays(): void
}
