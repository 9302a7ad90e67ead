/** The time limit of some work, and a signal that also ends it. */
export type Timeout = {
  readonly timeoutMs: number
  /** Ends it, with its reason. */
  readonly signal: AbortSignal
  /** Makes the error that reports the timeout. */
  readonly late: () => Error
}

/**
 * Settles as the work does, or rejects when its time has passed or it was aborted. Work that ignores its signal keeps running, but its
 * result is ignored. The work starts in any case.
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
