/** What a service may handle, or end by. Of these a process without a handler dies, and PID 1 would not even notice. */
const relayed: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

/**
 * npm passes on what its whole process group was sent: the same request comes twice, and the second would be taken for
 * "at once". In milliseconds.
 */
const sameRequestMs = 500

/** Passes on the signals that this process gets: before any handler that the program has, which may end it. */
export function relaySignals(more: readonly NodeJS.Signals[], pass: (signal: NodeJS.Signals) => void): void {
  for (const signal of new Set([...relayed, ...more])) {
    let passedAt = Number.NEGATIVE_INFINITY
    process.prependListener(signal, () => {
      const now = performance.now()
      if (now - passedAt < sameRequestMs) return
      passedAt = now
      pass(signal)
    })
  }
}
