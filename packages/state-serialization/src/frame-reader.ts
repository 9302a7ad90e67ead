import { crc32 } from 'node:zlib'
import {
  checkPreamble,
  checksumBytes,
  type Frame,
  frameHeadBytes,
  maxChunkBytes,
  maxPayloadBytes,
  preambleBytes,
} from './frame.ts'
import { corrupt, StateError } from './state-error.ts'

/** Finds the frames in a stream of bytes, however they are cut, and checks each before it is given out. */
export class FrameReader {
  /** The bytes of an unfinished preamble or frame. */
  readonly #begun = Buffer.allocUnsafeSlow(maxChunkBytes)
  #begunBytes = 0
  #pastPreamble = false
  #checksum = 0
  #length = 0

  /** The number of bytes before the current frame. Between two frames, the number before the next one. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes the next bytes and yields the frames that they complete. A payload is valid until the next one is requested.
   *
   * @throws {StateError} ERR_STATE_FOREIGN
   * @throws {StateError} ERR_STATE_UNKNOWN_FORMAT
   * @throws {StateError} ERR_STATE_CORRUPT
   */
  *push(bytes: Buffer): Generator<Frame, void> {
    let rest = bytes
    while (rest.length > 0) {
      const unit = this.#wholeIn(rest)
      if (unit !== undefined) {
        rest = rest.subarray(unit.length)
        yield* this.#open(unit)
        continue
      }
      rest = rest.subarray(this.#gather(rest))
      if (this.#begunBytes < this.#unitBytes(this.#begunPart)) continue
      const gathered = this.#begunPart
      this.#begunBytes = 0
      yield* this.#open(gathered)
    }
  }

  /** Call this when the source has ended. @throws {StateError} ERR_STATE_TRUNCATED if it ended inside a preamble or frame */
  end(): void {
    if (this.#begunBytes === 0 && this.#pastPreamble) return
    const length = this.#length + this.#begunBytes
    throw new StateError('ERR_STATE_TRUNCATED', `the state is cut off after ${length} bytes`)
  }

  get #begunPart(): Buffer {
    return this.#begun.subarray(0, this.#begunBytes)
  }

  /** Returns the next preamble or frame, if `bytes` holds all of it. Then it need not be copied. */
  #wholeIn(bytes: Buffer): Buffer | undefined {
    if (this.#begunBytes > 0) return undefined
    const needed = this.#unitBytes(bytes)
    return needed <= bytes.length ? bytes.subarray(0, needed) : undefined
  }

  /** Copies the missing bytes of the unfinished unit, as far as its length is known. Returns how many it copied. */
  #gather(bytes: Buffer): number {
    const part = bytes.subarray(0, this.#unitBytes(this.#begunPart) - this.#begunBytes)
    part.copy(this.#begun, this.#begunBytes)
    this.#begunBytes += part.length
    if (!this.#pastPreamble) checkPreamble(this.#begunPart)
    return part.length
  }

  /** Returns the length of the unit that begins like this. At first it returns only the length that is needed to know more. */
  #unitBytes(begun: Buffer): number {
    if (!this.#pastPreamble) return preambleBytes
    if (begun.length < frameHeadBytes) return frameHeadBytes
    const payloadBytes = begun.readUInt32BE(1)
    if (payloadBytes > maxPayloadBytes) throw corrupt(`a frame of ${payloadBytes} bytes cannot occur`)
    return frameHeadBytes + payloadBytes + checksumBytes
  }

  *#open(unit: Buffer): Generator<Frame, void> {
    if (!this.#pastPreamble) {
      checkPreamble(unit)
      this.#checksum = crc32(unit)
      this.#pastPreamble = true
      this.#length = unit.length
      return
    }
    const payloadEnd = unit.length - checksumBytes
    this.#checksum = crc32(unit.subarray(0, payloadEnd), this.#checksum)
    if (this.#checksum !== unit.readUInt32BE(payloadEnd)) {
      throw corrupt(`the checksum at byte ${this.#length + payloadEnd} is wrong`)
    }
    yield { kind: unit.readUInt8(), payload: unit.subarray(frameHeadBytes, payloadEnd) }
    this.#length += unit.length
  }
}
