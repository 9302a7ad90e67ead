const PATIENCE = 3

/**
 * Reports an error that nobody caught, and stops the service, each time it happens. A supervisor that continued might supervise nothing.
 *
 * @param exitCode ends the process where such errors do not cease
 */
export function endOnInternalError(
  tell: (error: Error) => void,
  stop: () => void,
  exitCode: number,
): Disposable & { count: number } {
  const lastResort = {
    count: 0,
    [Symbol.dispose]() {
      process.off('uncaughtException', handle)
    },
  }
  const handle = (error: Error) => {
    lastResort.count += 1
    tell(error)
    if (lastResort.count > PATIENCE) process.exit(exitCode)
    stop()
  }
  process.on('uncaughtException', handle)
  return lastResort
}
