import { types } from 'node:util'
import { crc32 } from 'node:zlib'
import type { ChunkSink } from './chunk-sink.ts'
import {
  checksumBytes,
  envelopeVersion,
  frameHeadBytes,
  magic,
  maxChunkBytes,
  preambleBytes,
} from './frame.ts'

/** The part of long bytes that is checked and written in one step, while the processor's cache still holds it. */
const stepBytes = 1024 ** 2

/** Writes frames one after the other into chunks. Gives a chunk to the sink when the next frame does not fit into it. */
export class FrameWriter {
  readonly #sink: ChunkSink
  #chunk: Buffer
  #filled = preambleBytes
  #checksum: number
  #given = 0

  constructor(sink: ChunkSink) {
    this.#sink = sink
    this.#chunk = sink.allocate()
    magic.copy(this.#chunk)
    this.#chunk.writeUInt8(envelopeVersion, magic.length)
    this.#checksum = crc32(this.#chunk.subarray(0, preambleBytes))
  }

  /** The number of bytes in the envelope so far. */
  get length(): number {
    return this.#given + this.#filled
  }

  write(kind: number, payload: Buffer): void {
    if (this.#filled + frameHeadBytes + payload.length + checksumBytes > maxChunkBytes) this.flush()
    const start = this.#filled
    const end = start + frameHeadBytes + payload.length
    this.#chunk.writeUInt8(kind, start)
    this.#chunk.writeUInt32BE(payload.length, start + 1)
    payload.copy(this.#chunk, start + frameHeadBytes)
    this.#checksum = crc32(this.#chunk.subarray(start, end), this.#checksum)
    this.#filled = this.#chunk.writeUInt32BE(this.#checksum, end)
  }

  /** Writes bytes without a frame. */
  writeBare(bytes: Uint8Array, isChecked: boolean): void {
    // Another thread can change shared memory between the checksum and the write.
    const isStable = !isChecked || !types.isSharedArrayBuffer(bytes.buffer)
    // A copy within the processor's cache costs less than two more calls of the system.
    const isDirect = this.#sink.isImmediate && isStable && bytes.length > maxChunkBytes
    if (isDirect) this.flush()
    for (let rest = bytes; rest.length > 0; ) {
      const part = rest.subarray(0, isDirect ? stepBytes : maxChunkBytes - this.#filled)
      const stable = isDirect ? part : this.#copy(part)
      if (isChecked) this.#checksum = crc32(stable, this.#checksum)
      if (isDirect) this.#give(part)
      else if (this.#filled === maxChunkBytes) this.flush()
      rest = rest.subarray(part.length)
    }
  }

  /** Gives the sink what is in the chunk. */
  flush(): void {
    if (this.#filled === 0) return
    this.#give(this.#chunk.subarray(0, this.#filled))
    this.#chunk = this.#sink.allocate()
    this.#filled = 0
  }

  #give(bytes: Uint8Array): void {
    this.#sink.write(bytes)
    this.#given += bytes.length
  }

  #copy(part: Uint8Array): Buffer {
    const copy = this.#chunk.subarray(this.#filled, this.#filled + part.length)
    copy.set(part)
    this.#filled += part.length
    return copy
  }
}
