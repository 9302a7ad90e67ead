import { show } from '@shellflip/internal'
import { checkIterable } from './check-call.ts'
import { describeCause, invalidArgument, StateError } from './state-error.ts'

/** The source of encoded state: a byte array, a stream (a pipe, a socket), or another iterable of bytes. */
export type StateSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Yields the bytes of a source, and closes the source when the reader stops. @throws {StateError} ERR_STATE_UNREADABLE */
export async function* bytesOf(source: StateSource): AsyncGenerator<Uint8Array, void> {
  if (source instanceof Uint8Array) return yield source
  checkIterable('the source of a state must be bytes, or a stream or another iterable of bytes', source)
  try {
    for await (const chunk of source) yield checkedChunk(chunk)
  } catch (cause) {
    if (cause instanceof StateError) throw cause
    throw new StateError('ERR_STATE_UNREADABLE', `the state cannot be read: ${describeCause(cause)}`, {
      cause,
    })
  }
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkedChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw invalidArgument(
    `a state must come as chunks of bytes, not as ${show(chunk)}. Leave out setEncoding() and objectMode`,
  )
}
