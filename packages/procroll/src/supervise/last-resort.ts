import { EXIT_INTERNAL_ERROR } from '../exit-status.ts'

const PATIENCE = 3

/**
 * An error that nobody caught: it is told, and the service is asked to end, as often as it takes. Going on could
 * mean to supervise nothing.
 */
export function endOnInternalError(
  tell: (error: Error) => void,
  stop: () => void,
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
    if (lastResort.count > PATIENCE) process.exit(EXIT_INTERNAL_ERROR)
    stop()
  }
  process.on('uncaughtException', handle)
  return lastResort
}
