/** Resolves as `work` does. Rejects after `ms` with the name of what takes so long, or when `signal` aborts. */
export async function within(ms, what, work, signal) {
  const end = new AbortController()
  const late = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} took more than ${ms / 1_000} s`)), ms)
    end.signal.addEventListener('abort', () => clearTimeout(timer))
    const abort = () => reject(signal.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { signal: end.signal })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    end.abort()
  }
}
