import { FrameSplitter } from '@shellflip/internal'
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
 * Finds the frames in a stream of bytes, however the stream is cut. It keeps at most one unfinished frame, and no more memory than twice
 * the bytes that arrived.
 */
export class FrameDecoder {
  readonly #splitter: FrameSplitter<{ length: number }>

  /** @param maxBytes The largest length of JSON that is accepted. @default maxFrameBytes */
  constructor(maxBytes: number = maxFrameBytes) {
    this.#splitter = new FrameSplitter({
      headBytes: headerBytes,
      readHead: (header) => ({ length: checkedLength(header.readUInt32BE(), maxBytes) }),
    })
  }

  /** Whether the stream is inside a frame. Ending here would be too early. */
  get unfinished(): boolean {
    return this.#splitter.unfinished
  }

  /**
   * Takes the next bytes and yields the messages that they complete.
   *
   * @throws {ControlSocketError} ERR_FRAME_TOO_LARGE if it reads such a length
   * @throws {ControlSocketError} ERR_MALFORMED if a frame is empty or is not JSON. The rest of the stream cannot be decoded then
   */
  *push(bytes: Uint8Array): Generator<unknown, void> {
    for (const { body } of this.#splitter.push(bytes)) yield parseJson(body)
  }
}

function checkedLength(length: number, limit: number): number {
  if (length === 0) throw new ControlSocketError('ERR_MALFORMED', 'a frame of length 0 does not hold JSON')
  if (length > limit) throw tooLarge(length, limit)
  return length
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
