/** Stops the successor by the signal that we were sent, or the first that asks for the same. */
export function passOnStop(
  pid: number,
  reason: string | undefined,
  stopSignals: readonly NodeJS.Signals[],
): void {
  const signal = stopSignals.find((name) => name === reason) ?? stopSignals[0] ?? 'SIGTERM'
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended already.
  }
}
