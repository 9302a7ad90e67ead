/** Stops the successor with the signal that this process got, or with the first signal that stops the service. */
export function passOnStop(
  pid: number,
  reason: string | undefined,
  stopSignals: readonly NodeJS.Signals[],
): void {
  const signal = stopSignals.find((name) => name === reason) ?? stopSignals[0] ?? 'SIGTERM'
  try {
    process.kill(pid, signal)
  } catch {
    // The successor has already exited.
  }
}
