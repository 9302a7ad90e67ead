export type DrainContext = {
  /** Aborts when the time of this work is up. The shutdown then continues without it. */
  signal: AbortSignal
}

/** Something that a shutdown ends and waits for: a queue, a pool, a server. */
export interface Drainable {
  drain(context: DrainContext): Promise<unknown>
}

/** `'servers'` and `'tasks'` are all of their kind. Any other name is one server or drain. */
export type DrainAfter = 'servers' | 'tasks' | (string & {})

export type DrainOptions = {
  /**
   * The work that must be over before this work begins. A server is over when its last connection is closed, so that a database pool can
   * close after the last answer. A name must be registered before.
   * @default nothing: it begins when the shutdown does
   */
  after?: DrainAfter | readonly DrainAfter[]
  /**
   * How long before the deadline the work that this one waits for is cut, in milliseconds, so that this one has time left. The work before
   * keeps at least half of the deadline.
   * @default a tenth of the deadline, at most 1_000
   */
  reserveMs?: number
}
