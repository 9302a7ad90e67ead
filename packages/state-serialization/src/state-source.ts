import { show } from '@shellflip/internal'
import { checkIterable } from './check-call.ts'
import { describeCause, invalidArgument, StateError } from './state-error.ts'

/** A source of encoded state that puts its bytes where the decoder needs them. So they are not copied again. */
export type StateReader = {
  /**
   * Puts the next bytes to the beginning of `into`.
   *
   * @returns how many, from 1 to the length of `into`. 0 is the end of the state
   */
  readInto(into: Buffer): number | Promise<number>
  /** Called once, when the decoder needs no more. */
  close?(): void | Promise<void>
}

/** The source of encoded state: a byte array, a stream (a pipe, a socket), another iterable of bytes, or a {@link StateReader}. */
export type StateSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array> | StateReader

/** @throws {StateError} ERR_INVALID_ARGUMENT if it is not a source */
export function readerOf(source: StateSource): StateReader {
  if (source instanceof Uint8Array) return new IterableReader([source])
  if (typeof (Object(source) as StateReader).readInto === 'function') return source as StateReader
  checkIterable('the source of a state must be bytes, or a stream or another iterable of bytes', source)
  return new IterableReader(source as Iterable<Uint8Array>)
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkedChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw invalidArgument(
    `a state must come as chunks of bytes, not as ${show(chunk)}. Leave out setEncoding() and objectMode`,
  )
}

/** @throws {StateError} ERR_INVALID_ARGUMENT */
export function checkedCount(count: unknown, most: number): number {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= most) return count
  throw invalidArgument(`readInto() must return a number of bytes from 0 to ${most}, not ${show(count)}`)
}

/** The error of a source that failed. */
export function unreadable(cause: unknown): StateError {
  if (cause instanceof StateError) return cause
  return new StateError('ERR_STATE_UNREADABLE', `the state cannot be read: ${describeCause(cause)}`, {
    cause,
  })
}

class IterableReader implements StateReader {
  readonly #chunks: AsyncGenerator<Uint8Array, void>
  #chunk: Uint8Array = new Uint8Array()

  constructor(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
    this.#chunks = chunksOf(source)
  }

  readInto(into: Buffer): number | Promise<number> {
    return this.#chunk.length > 0 ? this.#copyTo(into) : this.#next(into)
  }

  async close(): Promise<void> {
    await this.#chunks.return()
  }

  async #next(into: Buffer): Promise<number> {
    do {
      const { done, value } = await this.#chunks.next()
      if (done) return 0
      this.#chunk = value
    } while (this.#chunk.length === 0)
    return this.#copyTo(into)
  }

  #copyTo(into: Buffer): number {
    const part = this.#chunk.subarray(0, into.length)
    into.set(part)
    this.#chunk = this.#chunk.subarray(part.length)
    return part.length
  }
}

async function* chunksOf(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) yield checkedChunk(chunk)
}
