import { type Frame, frameKind, type Header, readHeader, readNumbers } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { corrupt, StateError, tooLarge } from './state-error.ts'

type ReaderOptions = {
  /** Receives the header before any item. If it throws, the reading ends with that error. */
  onHeader: (header: Header) => void
  maxItemBytes: number
  maxBytes: number
}

/** Reads one envelope: yields its items, each of them checked, and knows whether all of it came. */
export class EnvelopeReader {
  readonly #frames = new FrameReader()
  readonly #options: ReaderOptions
  #state: 'before-header' | 'between-items' | 'in-large' | 'ended' = 'before-header'
  #received = 0
  #items = 0
  #large = Buffer.alloc(0)
  #largeFilled = 0

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /**
   * Takes the next bytes and yields the items that they complete. An item is valid until the next one is requested.
   *
   * @throws {StateError} ERR_STATE_FOREIGN
   * @throws {StateError} ERR_STATE_UNKNOWN_FORMAT
   * @throws {StateError} ERR_STATE_CORRUPT
   * @throws {StateError} ERR_STATE_TOO_LARGE
   */
  *push(chunk: Uint8Array): Generator<Buffer, void> {
    this.#received += chunk.length
    if (this.#received > this.#options.maxBytes) throw tooLarge('the state', this.#options.maxBytes)
    for (const frame of this.#frames.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
      const item = this.#take(frame)
      if (item !== undefined) yield item
    }
    if (this.#state === 'ended' && this.#received > this.#frames.length) throw trailing()
  }

  /** Call this at the end of the source. @throws {StateError} ERR_STATE_TRUNCATED if the source ends too early */
  end(): void {
    this.#frames.end()
    if (this.#state === 'ended') return
    throw new StateError(
      'ERR_STATE_TRUNCATED',
      `the state is cut off after ${this.#frames.length} bytes, before its end`,
    )
  }

  #take({ kind, payload }: Frame): Buffer | undefined {
    switch (this.#state) {
      case 'before-header':
        return this.#takeHeader(kind, payload)
      case 'between-items':
        return this.#takeItem(kind, payload)
      case 'in-large':
        return this.#takePart(kind, payload)
      case 'ended':
        throw trailing()
    }
  }

  #takeHeader(kind: number, payload: Buffer): undefined {
    const header = kind === frameKind.header ? readHeader(payload) : undefined
    if (header === undefined) throw corrupt('it has no header')
    this.#options.onHeader(header)
    this.#state = 'between-items'
  }

  #takeItem(kind: number, payload: Buffer): Buffer | undefined {
    switch (kind) {
      case frameKind.item:
        this.#checkItem(payload.length)
        return payload
      case frameKind.large:
        this.#beginLarge(readNumbers(payload, 1))
        return undefined
      case frameKind.end:
        this.#finish(readNumbers(payload, 2))
        return undefined
      default:
        throw corrupt(`a frame of kind ${kind} comes instead of an item`)
    }
  }

  #beginLarge(numbers: number[] | undefined): void {
    const [length] = numbers ?? []
    if (length === undefined) throw corrupt('a length is broken')
    this.#checkItem(length)
    // The system allocates memory only when it is written to, so a length that is only announced costs nothing.
    this.#large = Buffer.allocUnsafeSlow(length)
    this.#largeFilled = 0
    this.#state = 'in-large'
  }

  #takePart(kind: number, payload: Buffer): Buffer | undefined {
    if (kind !== frameKind.part) throw corrupt(`a frame of kind ${kind} comes in the middle of an item`)
    if (this.#largeFilled + payload.length > this.#large.length)
      throw corrupt('an item is longer than announced')
    this.#largeFilled += payload.copy(this.#large, this.#largeFilled)
    if (this.#largeFilled < this.#large.length) return undefined
    const item = this.#large
    this.#large = Buffer.alloc(0)
    this.#state = 'between-items'
    return item
  }

  #checkItem(length: number): void {
    this.#items++
    if (length > this.#options.maxItemBytes) throw tooLarge('an item', this.#options.maxItemBytes)
  }

  #finish(numbers: number[] | undefined): void {
    const [items, length] = numbers ?? []
    if (items !== this.#items || length !== this.#frames.length)
      throw corrupt('its length differs from the one that was written')
    this.#state = 'ended'
  }
}

function trailing(): StateError {
  return corrupt('bytes follow after its end')
}
