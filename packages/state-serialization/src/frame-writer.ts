import { crc32 } from 'node:zlib'
import {
  checksumBytes,
  envelopeVersion,
  frameHeadBytes,
  magic,
  maxChunkBytes,
  preambleBytes,
} from './frame.ts'

/** Writes frames one after the other into chunks. Emits a chunk when the next frame does not fit into it. */
export class FrameWriter {
  #chunk = Buffer.allocUnsafeSlow(maxChunkBytes)
  #filled = 0
  #checksum = 0
  #given = 0

  constructor() {
    magic.copy(this.#chunk)
    this.#chunk.writeUInt8(envelopeVersion, magic.length)
    this.#filled = preambleBytes
    this.#checksum = crc32(this.#chunk.subarray(0, preambleBytes))
  }

  /** The number of bytes in the envelope so far. */
  get length(): number {
    return this.#given + this.#filled
  }

  *write(kind: number, payload: Buffer): Generator<Buffer, void> {
    if (this.#filled + frameHeadBytes + payload.length + checksumBytes > maxChunkBytes) yield this.take()
    const start = this.#filled
    const end = start + frameHeadBytes + payload.length
    this.#chunk.writeUInt8(kind, start)
    this.#chunk.writeUInt32BE(payload.length, start + 1)
    payload.copy(this.#chunk, start + frameHeadBytes)
    this.#checksum = crc32(this.#chunk.subarray(start, end), this.#checksum)
    this.#filled = this.#chunk.writeUInt32BE(this.#checksum, end)
  }

  /** Gives away what is in the chunk, and begins another. */
  take(): Buffer {
    const taken = this.#chunk.subarray(0, this.#filled)
    this.#given += taken.length
    this.#chunk = Buffer.allocUnsafeSlow(maxChunkBytes)
    this.#filled = 0
    return taken
  }
}
