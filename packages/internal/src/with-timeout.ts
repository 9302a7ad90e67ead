/** How long something may take, and what else ends it. */
export type Timeout = {
  readonly timeoutMs: number
  /** Ends it, with its reason. */
  readonly signal: AbortSignal
  /** What a time that has passed is told by. */
  readonly late: () => Error
}

/**
 * Settles as the work does, or rejects when its time has passed or it was ended. Work that does not look at its signal is
 * left behind; it is begun in any case.
 */
export function withTimeout<T>(
  { timeoutMs, signal: outer, late }: Timeout,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(late()), timeoutMs)
  const signal = AbortSignal.any([outer, time.signal])
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    work(signal).then(resolve, reject)
  }).finally(() => clearTimeout(timer))
}
