import { crc32 } from 'node:zlib'
import type { ByteReader } from './byte-reader.ts'
import {
  checkPreamble,
  checksumBytes,
  type Frame,
  frameHeadBytes,
  maxPayloadBytes,
  preambleBytes,
} from './frame.ts'
import { corrupt, StateError } from './state-error.ts'

/** The part of long bytes that is read and checked in one step, while the processor's cache still holds it. */
const stepBytes = 1024 ** 2

/** Finds the frames in a source of bytes, and checks each before it is given out. */
export class FrameReader {
  readonly #bytes: ByteReader
  #pastPreamble = false
  #checksum = 0
  #length = 0

  constructor(bytes: ByteReader) {
    this.#bytes = bytes
  }

  /** The number of bytes before the next frame. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes the next frame, if all of it is here. Its payload is valid until the next call.
   *
   * @throws {StateError} ERR_STATE_CORRUPT
   */
  take(): Frame | undefined {
    const unit = this.#pastPreamble ? this.#bytes.peek(this.#unitBytes()) : undefined
    if (unit === undefined) return undefined
    const payloadEnd = unit.length - checksumBytes
    this.#checksum = crc32(unit.subarray(0, payloadEnd), this.#checksum)
    if (this.#checksum !== unit.readUInt32BE(payloadEnd)) {
      throw corrupt(`the checksum at byte ${this.#length + payloadEnd} is wrong`)
    }
    this.#bytes.take(unit.length)
    this.#length += unit.length
    return { kind: unit.readUInt8(), payload: unit.subarray(frameHeadBytes, payloadEnd) }
  }

  /**
   * Waits for more bytes.
   *
   * @returns false at the end of the source
   * @throws {StateError} ERR_STATE_FOREIGN
   * @throws {StateError} ERR_STATE_UNKNOWN_FORMAT
   * @throws {StateError} ERR_STATE_TRUNCATED if it ended inside a preamble or frame
   */
  async more(): Promise<boolean> {
    const isMore = await this.#bytes.more(this.#unitBytes())
    if (!this.#pastPreamble) this.#takePreamble()
    if (isMore || (this.#pastPreamble && this.#bytes.length === 0)) return isMore
    throw cutOff(this.#length + this.#bytes.length)
  }

  /** Fills memory with bytes that have no frame. @throws {StateError} ERR_STATE_TRUNCATED if the source ends before */
  async fill(memory: Buffer, isChecked: boolean): Promise<void> {
    for (let at = 0; at < memory.length; ) {
      const count = await this.#bytes.readInto(memory.subarray(at, isChecked ? at + stepBytes : undefined))
      if (count === 0) throw cutOff(this.#length)
      if (isChecked) this.#checksum = crc32(memory.subarray(at, at + count), this.#checksum)
      at += count
      this.#length += count
    }
  }

  #takePreamble(): void {
    const begun = this.#bytes.here.subarray(0, preambleBytes)
    checkPreamble(begun)
    if (begun.length < preambleBytes) return
    this.#checksum = crc32(begun)
    this.#pastPreamble = true
    this.#bytes.take(preambleBytes)
    this.#length = preambleBytes
  }

  /** Returns the length of the next preamble or frame, or at first only the length that is needed to know more. */
  #unitBytes(): number {
    if (!this.#pastPreamble) return preambleBytes
    const head = this.#bytes.peek(frameHeadBytes)
    if (head === undefined) return frameHeadBytes
    const payloadBytes = head.readUInt32BE(1)
    if (payloadBytes > maxPayloadBytes) throw corrupt(`a frame of ${payloadBytes} bytes cannot occur`)
    return frameHeadBytes + payloadBytes + checksumBytes
  }
}

function cutOff(bytes: number): StateError {
  return new StateError('ERR_STATE_TRUNCATED', `the state is cut off after ${bytes} bytes, before its end`)
}
