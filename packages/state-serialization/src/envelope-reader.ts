import { ByteReader } from './byte-reader.ts'
import { longBytes } from './cbor.ts'
import { endFrameBytes, type Frame, frameKind, type Header, readHeader, readNumbers } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { corrupt, StateError, tooLarge } from './state-error.ts'
import type { StateSource } from './state-source.ts'

type ReaderOptions = {
  /** Receives the header before any item. If it throws, the reading ends with that error. */
  onHeader: (header: Header) => void
  maxItemBytes: number
  maxBytes: number
}

/** One item. Its bytes are valid until the next one is requested. Its long byte strings belong to the receiver. */
export type EncodedItem = { readonly bytes: Buffer; readonly long: Buffer[] }

/** Reads one envelope: yields its items, each of them checked, and knows whether all of it came. */
export class EnvelopeReader {
  readonly #bytes: ByteReader
  readonly #frames: FrameReader
  readonly #options: ReaderOptions
  #state: 'before-header' | 'between-items' | 'in-large' | 'ended' = 'before-header'
  #items = 0
  /** The parts of the next item so far. */
  #long: Buffer[] = []
  #longBytes = 0
  #large = Buffer.alloc(0)
  #largeFilled = 0

  /** @throws {StateError} ERR_INVALID_ARGUMENT if it is not a source */
  constructor(source: StateSource, options: ReaderOptions) {
    this.#bytes = new ByteReader(source, options.maxBytes)
    this.#frames = new FrameReader(this.#bytes)
    this.#options = options
  }

  /**
   * Reads the items, and closes the source when there are no more, or when the caller stops.
   *
   * @throws {StateError} ERR_STATE_FOREIGN
   * @throws {StateError} ERR_STATE_UNKNOWN_FORMAT
   * @throws {StateError} ERR_STATE_CORRUPT
   * @throws {StateError} ERR_STATE_TOO_LARGE
   * @throws {StateError} ERR_STATE_TRUNCATED
   * @throws {StateError} ERR_STATE_UNREADABLE
   */
  async *items(): AsyncGenerator<EncodedItem, void> {
    try {
      for (;;) {
        if (this.#state === 'ended' && this.#bytes.length > 0) throw trailing()
        const frame = this.#frames.take()
        if (frame === undefined) {
          if (await this.#frames.more()) continue
          return this.#checkEnd()
        }
        const isChecked = frame.kind === frameKind.bytes
        if (isChecked || frame.kind === frameKind.uncheckedBytes) {
          await this.#frames.fill(this.#beginLong(frame), isChecked)
          continue
        }
        const bytes = this.#take(frame)
        if (bytes !== undefined) yield { bytes, long: this.#takeLong() }
      }
    } finally {
      await this.#bytes.close()
    }
  }

  #checkEnd(): void {
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

  /** Returns memory for the long bytes. The system takes memory only when it is written to, so an announced length costs nothing. */
  #beginLong({ kind, payload }: Frame): Buffer {
    if (this.#state !== 'between-items') throw corrupt(`a frame of kind ${kind} comes inside an item`)
    const [length] = readNumbers(payload, 1) ?? []
    if (length === undefined || length < longBytes) throw corrupt('a length is broken')
    this.#longBytes += length
    this.#checkLength(0)
    const memory = Buffer.allocUnsafeSlow(length)
    this.#long.push(memory)
    return memory
  }

  #takeLong(): Buffer[] {
    const long = this.#long
    if (long.length > 0) this.#long = []
    this.#longBytes = 0
    return long
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
    this.#checkLength(length)
  }

  #checkLength(length: number): void {
    const { maxItemBytes } = this.#options
    if (this.#longBytes + length > maxItemBytes) throw tooLarge('an item', maxItemBytes)
  }

  #finish(numbers: number[] | undefined): void {
    if (this.#long.length > 0) throw corrupt('it ends inside an item')
    const [items, length] = numbers ?? []
    if (items !== this.#items || length !== this.#frames.length - endFrameBytes)
      throw corrupt('its length differs from the one that was written')
    this.#state = 'ended'
  }
}

function trailing(): StateError {
  return corrupt('bytes follow after its end')
}
