import { escapeUnprintable, oneLine } from '@shellflip/internal'

/**
 * Describes an error in one line. Errors of the libraries below say what to do as well. Only an error in the program itself
 * needs a stack. A message may quote names and reasons that others wrote, so it is escaped.
 */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  if (isFault(error) && debug && error.stack !== undefined) {
    return error.stack.split('\n').map(escapeUnprintable).join('\n')
  }
  return oneLine(error.message)
}

/** Returns whether an error is a fault of the program. The errors of the system and of the libraries below have a code. */
export function isFault(error: unknown): boolean {
  return !(error instanceof Error && 'code' in error)
}
