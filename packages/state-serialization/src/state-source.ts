import { StateError } from './state-error.ts'

/** Where encoded state comes from: all of it, a stream (a pipe, a socket), or anything else that gives bytes. */
export type StateSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** The bytes of a source, which is closed when they are not asked for any more. @throws {StateError} ERR_STATE_UNREADABLE */
export async function* bytesOf(source: StateSource): AsyncGenerator<Uint8Array, void> {
  if (source instanceof Uint8Array) return yield source
  try {
    for await (const chunk of source) yield checked(chunk)
  } catch (cause) {
    if (cause instanceof StateError) throw cause
    throw new StateError('ERR_STATE_UNREADABLE', `the state cannot be read: ${cause}`, { cause })
  }
}

function checked(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new StateError(
    'ERR_INVALID_ARGUMENT',
    `the source of a state gives ${typeof chunk}s instead of bytes: leave out setEncoding() and objectMode`,
  )
}
