import { ControlSocketError } from './control-socket-error.ts'

/** The most a frame's JSON may have, in bytes: what the Rust shellflip allows too (8 MiB). */
export const maxFrameBytes = 8 * 1024 * 1024

const headerBytes = 4

/**
 * Encodes one frame: the JSON's length in bytes as u32 big-endian, then the JSON (UTF-8).
 *
 * @throws {ControlSocketError} ERR_FRAME_TOO_LARGE if it exceeds {@link maxFrameBytes}
 * @throws {ControlSocketError} ERR_MALFORMED if JSON cannot express the value
 */
export function encodeFrame(message: unknown): Buffer {
  const json = stringify(message)
  const length = Buffer.byteLength(json)
  if (length > maxFrameBytes) throw tooLarge(length, maxFrameBytes)
  const frame = Buffer.allocUnsafe(headerBytes + length)
  frame.writeUInt32BE(length)
  frame.write(json, headerBytes)
  return frame
}

function stringify(message: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(message)
  } catch (cause) {
    throw new ControlSocketError(
      'ERR_MALFORMED',
      `JSON cannot express this message: ${(cause as Error).message}`,
      { cause },
    )
  }
  if (json === undefined)
    throw new ControlSocketError('ERR_MALFORMED', `JSON cannot express ${typeof message}`)
  return json
}

/**
 * Finds the frames in a stream of bytes, however the stream is cut. It keeps at most one unfinished frame. The buffer grows with the
 * bytes that arrived, not with the announced length. Each byte is copied a bounded number of times.
 */
export class FrameDecoder {
  readonly #maxBytes: number
  readonly #header = Buffer.alloc(headerBytes)
  #headerFilled = 0
  #body = Buffer.alloc(0)
  #bodyFilled = 0

  /** @param maxBytes The largest length of JSON that is accepted. @default maxFrameBytes */
  constructor(maxBytes: number = maxFrameBytes) {
    this.#maxBytes = maxBytes
  }

  /** Whether the stream is inside a frame. Ending here would be too early. */
  get unfinished(): boolean {
    return this.#headerFilled > 0
  }

  /**
   * Takes the next bytes and yields the messages that they complete.
   *
   * @throws {ControlSocketError} ERR_FRAME_TOO_LARGE if it reads such a length
   * @throws {ControlSocketError} ERR_MALFORMED if a frame is empty or is not JSON. The rest of the stream cannot be decoded then
   */
  *push(bytes: Uint8Array): Generator<unknown, void> {
    let rest = bytes
    while (rest.length > 0) {
      if (this.#headerFilled < headerBytes) {
        rest = this.#fillHeader(rest)
        continue
      }
      rest = this.#fillBody(rest)
      if (this.#bodyFilled === this.#length) yield this.#takeMessage()
    }
  }

  get #length(): number {
    return this.#header.readUInt32BE()
  }

  #fillHeader(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, headerBytes - this.#headerFilled)
    this.#header.set(part, this.#headerFilled)
    this.#headerFilled += part.length
    if (this.#headerFilled === headerBytes) this.#checkLength()
    return bytes.subarray(part.length)
  }

  #checkLength(): void {
    const length = this.#length
    if (length > 0 && length <= this.#maxBytes) return
    this.#headerFilled = 0
    if (length === 0) throw new ControlSocketError('ERR_MALFORMED', 'a frame of length 0 does not hold JSON')
    throw tooLarge(length, this.#maxBytes)
  }

  #fillBody(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#length - this.#bodyFilled)
    this.#reserve(this.#bodyFilled + part.length)
    this.#body.set(part, this.#bodyFilled)
    this.#bodyFilled += part.length
    return bytes.subarray(part.length)
  }

  /** Doubles, so that a frame that comes byte by byte costs linear time. */
  #reserve(needed: number): void {
    if (needed <= this.#body.length) return
    const grown = Buffer.allocUnsafe(Math.min(this.#length, Math.max(needed, 2 * this.#body.length)))
    grown.set(this.#body.subarray(0, this.#bodyFilled))
    this.#body = grown
  }

  #takeMessage(): unknown {
    const json = this.#body.subarray(0, this.#bodyFilled)
    this.#body = Buffer.alloc(0)
    this.#bodyFilled = 0
    this.#headerFilled = 0
    return parseJson(json)
  }
}

function parseJson(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json))
  } catch (cause) {
    throw new ControlSocketError('ERR_MALFORMED', `a frame is not JSON: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function tooLarge(length: number, limit: number): ControlSocketError {
  return new ControlSocketError(
    'ERR_FRAME_TOO_LARGE',
    `a frame has ${length} bytes, and the limit is ${limit}`,
  )
}
