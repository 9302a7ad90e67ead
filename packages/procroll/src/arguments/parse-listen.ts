import { ListenersError, type ParsedAddress, parseListenAddress } from '@shellflip/listeners/addresses'
import { usageError } from '../procroll-error.ts'

/**
 * Reads a `--listen` value.
 *
 * @throws ProcrollError `ERR_USAGE`, which says what is accepted
 */
export function parseListen(text: string): ParsedAddress {
  try {
    return parseListenAddress(text)
  } catch (cause) {
    throw cause instanceof ListenersError ? usageError(cause.message, { cause }) : cause
  }
}
