import type { ChunkSink } from './chunk-sink.ts'
import { frameKind, type Header, headerPayload, numbersPayload } from './frame.ts'
import { FrameWriter } from './frame-writer.ts'

/** Writes one envelope, as chunks of at most 200 KiB and long bytes. */
export class EnvelopeWriter {
  readonly #frames: FrameWriter
  readonly #checksBytes: boolean
  #items = 0

  /** @param checksBytes whether the checksums cover long bytes */
  constructor(sink: ChunkSink, header: Header, checksBytes: boolean) {
    this.#frames = new FrameWriter(sink)
    this.#checksBytes = checksBytes
    this.#frames.write(frameKind.header, headerPayload(header))
  }

  /** The number of bytes written so far. */
  get length(): number {
    return this.#frames.length
  }

  /** Writes a long byte string of the next item. */
  readonly bytes = (bytes: Uint8Array): void => {
    const kind = this.#checksBytes ? frameKind.bytes : frameKind.uncheckedBytes
    this.#frames.write(kind, numbersPayload(bytes.length))
    this.#frames.writeBare(bytes, this.#checksBytes)
  }

  /** Writes an item, in blocks of at most `maxPayloadBytes`. */
  item(blocks: readonly Buffer[]): void {
    this.#items++
    const [only, ...more] = blocks
    if (only !== undefined && more.length === 0) {
      this.#frames.write(frameKind.item, only)
      return
    }
    const length = blocks.reduce((sum, block) => sum + block.length, 0)
    this.#frames.write(frameKind.large, numbersPayload(length))
    for (const block of blocks) this.#frames.write(frameKind.part, block)
  }

  end(): void {
    this.#frames.write(frameKind.end, numbersPayload(this.#items, this.#frames.length))
    this.#frames.flush()
  }
}
