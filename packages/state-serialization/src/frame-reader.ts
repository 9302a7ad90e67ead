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
  /** What has come of the preamble, or of a frame, that is not whole yet. */
  readonly #begun = Buffer.allocUnsafeSlow(maxChunkBytes)
  #begunBytes = 0
  #pastPreamble = false
  #checksum = 0
  #length = 0

  /** How many bytes came before the frame that was given out last, or is to come next. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes the next bytes and yields the frames that they complete. A payload is valid until the next one is asked for.
   *
   * @throws {StateError} ERR_STATE_FOREIGN, ERR_STATE_UNKNOWN_FORMAT, ERR_STATE_CORRUPT
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

  /** To be called when no bytes are left. @throws {StateError} ERR_STATE_TRUNCATED if they ended amid something */
  end(): void {
    if (this.#begunBytes === 0 && this.#pastPreamble) return
    const length = this.#length + this.#begunBytes
    throw new StateError('ERR_STATE_TRUNCATED', `the state is cut off after ${length} bytes`)
  }

  get #begunPart(): Buffer {
    return this.#begun.subarray(0, this.#begunBytes)
  }

  /** The next preamble or frame, if all of it stands in `bytes`: it need not be copied then. */
  #wholeIn(bytes: Buffer): Buffer | undefined {
    if (this.#begunBytes > 0) return undefined
    const needed = this.#unitBytes(bytes)
    return needed <= bytes.length ? bytes.subarray(0, needed) : undefined
  }

  /** Copies what the begun unit lacks, as far as its length is known, and tells how much that was. */
  #gather(bytes: Buffer): number {
    const part = bytes.subarray(0, this.#unitBytes(this.#begunPart) - this.#begunBytes)
    part.copy(this.#begun, this.#begunBytes)
    this.#begunBytes += part.length
    if (!this.#pastPreamble) checkPreamble(this.#begunPart)
    return part.length
  }

  /** How long the unit that begins like this is: at first only as much as is needed to know more. */
  #unitBytes(begun: Buffer): number {
    if (!this.#pastPreamble) return preambleBytes
    if (begun.length < frameHeadBytes) return frameHeadBytes
    const payloadBytes = begun.readUInt32BE(1)
    if (payloadBytes > maxPayloadBytes) throw corrupt(`a frame of ${payloadBytes} bytes is never written`)
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
