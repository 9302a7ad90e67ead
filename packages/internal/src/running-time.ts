const TICK_MS = 100

/**
 * Measures the time that this process runs, from this call up to a limit. A pause (SIGSTOP, a frozen cgroup, a snapshot of the machine)
 * counts as one tick at most. The process reads the signals of that pause only after it.
 */
export function startRunningTime(limitMs: number): () => number {
  let elapsedMs = 0
  const timer = setInterval(() => {
    elapsedMs += TICK_MS
    if (elapsedMs > limitMs) clearInterval(timer)
  }, TICK_MS)
  timer.unref()
  return () => elapsedMs
}
