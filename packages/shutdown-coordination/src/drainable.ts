export type DrainContext = {
  /** Aborts at the deadline: what is not over by then is given up. */
  signal: AbortSignal
}

/** Something that a shutdown brings to an end and waits for: a queue, a pool, a server. */
export interface Drainable {
  drain(context: DrainContext): Promise<unknown>
}
