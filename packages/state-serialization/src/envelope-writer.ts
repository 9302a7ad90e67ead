import { frameKind, type Header, headerPayload, maxPayloadBytes, numbersPayload } from './frame.ts'
import { FrameWriter } from './frame-writer.ts'

/** Writes one envelope, as chunks of at most 200 KiB. */
export class EnvelopeWriter {
  readonly #frames = new FrameWriter()
  #items = 0

  /** The number of bytes written so far. */
  get length(): number {
    return this.#frames.length
  }

  *header(header: Header): Generator<Buffer, void> {
    yield* this.#frames.write(frameKind.header, headerPayload(header))
  }

  /** An item, in blocks of at most {@link maxPayloadBytes}. */
  *item(blocks: readonly Buffer[]): Generator<Buffer, void> {
    this.#items++
    const [only, ...more] = blocks
    if (only !== undefined && more.length === 0) return yield* this.#frames.write(frameKind.item, only)
    const length = blocks.reduce((sum, block) => sum + block.length, 0)
    yield* this.#frames.write(frameKind.large, numbersPayload(length))
    for (const block of blocks) yield* this.#frames.write(frameKind.part, block)
  }

  *end(): Generator<Buffer, void> {
    yield* this.#frames.write(frameKind.end, numbersPayload(this.#items, this.#frames.length))
    yield this.#frames.take()
  }
}
