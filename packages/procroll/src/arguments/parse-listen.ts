import { ListenersError, type ParsedAddress, parseListenAddress } from '@shellflip/listeners/addresses'
import { usageError } from '../procroll-error.ts'

/**
 * Reads a `--listen` value.
 *
 * @throws {UsageError} if it is written otherwise. The message explains the form
 */
export function parseListen(text: string): ParsedAddress {
  try {
    return parseListenAddress(text)
  } catch (cause) {
    throw cause instanceof ListenersError ? usageError(cause.message, { cause }) : cause
  }
}
