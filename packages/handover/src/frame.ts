import { type FrameHead, FrameSplitter } from '@shellflip/internal'
import { connectionLimits } from './connection-message.ts'
import { protocolError } from './handover-error.ts'

const KiB = 1024

type Kind = { readonly code: number; readonly maxBytes: number; readonly maxFds: number }

/** The kinds of message that the two ends send, and the largest size of each. */
export const kinds = {
  /** The successor's first message: the protocol that it speaks, and the states that it understands. */
  hello: { code: 1, maxBytes: 64 * KiB, maxFds: 0 },
  /** The predecessor's answer: what it gives, with the descriptors. */
  manifest: { code: 2, maxBytes: 1024 * KiB, maxFds: 4096 },
  /** The next bytes of the state. */
  state: { code: 3, maxBytes: 200 * KiB, maxFds: 0 },
  /** The memory file where the next bytes of the state are. */
  stateFile: { code: 13, maxBytes: 4, maxFds: 1 },
  /** How many bytes of the state are in the file, or were there. */
  stateWritten: { code: 14, maxBytes: 8, maxFds: 0 },
  /** The successor's answer to `stateWritten`, for a file that is used again: how many of those it has read. */
  stateRead: { code: 15, maxBytes: 8, maxFds: 0 },
  stateEnd: { code: 4, maxBytes: 0, maxFds: 0 },
  ready: { code: 5, maxBytes: 0, maxFds: 0 },
  /** The predecessor's answer to `ready`: the successor may begin to serve. The predecessor keeps serving beside it. */
  commit: { code: 6, maxBytes: 0, maxFds: 0 },
  /** The successor's answer to `commit`: it serves. It waits for the predecessor's verdict, and never sends `refused` after this. */
  serving: { code: 11, maxBytes: 0, maxFds: 0 },
  /**
   * The predecessor's answer to `serving`: it lets go, and everything that it gave is the successor's own. It never sends `refused` after
   * this.
   */
  released: { code: 12, maxBytes: 0, maxFds: 0 },
  /** The last message of either end, with a reason: the predecessor continues. */
  refused: { code: 7, maxBytes: 64 * KiB, maxFds: 0 },
  /** Sent after the commit: open connections, with a descriptor each. */
  connections: { code: 8, maxBytes: connectionLimits.connections, maxFds: connectionLimits.connectionFds },
  /** The successor's answers to connections: it begins to serve them now, or never will. */
  taken: { code: 9, maxBytes: connectionLimits.answers, maxFds: 0 },
  declined: { code: 10, maxBytes: connectionLimits.answers, maxFds: 0 },
} as const satisfies Record<string, Kind>

export type FrameType = keyof typeof kinds

/** A message without its descriptors, which travel beside it. */
export type Frame = { readonly type: FrameType; readonly payload: Buffer; readonly fdCount: number }

/** Length of the payload (u32), kind (u8), number of descriptors (u16). All numbers are big-endian. */
const frameHeadBytes = 7

export const maxFds = kinds.manifest.maxFds

const typesByCode = new Map<number, FrameType>(
  Object.entries(kinds).map(([type, { code }]) => [code, type as FrameType]),
)

/** @throws {HandoverError} ERR_PROTOCOL if it is more than the other end would take */
export function encodeFrame({ type, payload, fdCount }: Frame): Buffer {
  checkSize(type, payload.length, fdCount)
  const head = Buffer.alloc(frameHeadBytes)
  head.writeUInt32BE(payload.length)
  head.writeUInt8(kinds[type].code, 4)
  head.writeUInt16BE(fdCount, 5)
  return Buffer.concat([head, payload])
}

/** The size of a message with state, the most frequent one of a large handover. */
const reserveBytes = kinds.state.maxBytes

/** Finds the frames in a stream of bytes, wherever the stream is cut. */
export class FrameDecoder {
  readonly #splitter = new FrameSplitter({ headBytes: frameHeadBytes, readHead, reserveBytes })

  /** Whether the stream is inside a frame. */
  get unfinished(): boolean {
    return this.#splitter.unfinished
  }

  /**
   * Takes the next bytes and yields the frames that they complete.
   *
   * @throws {HandoverError} ERR_PROTOCOL if a head is invalid. The rest of the stream cannot be decoded then
   */
  *push(bytes: Uint8Array): Generator<Frame, void> {
    for (const { head, body } of this.#splitter.push(bytes)) {
      yield { type: head.type, payload: body, fdCount: head.fdCount }
    }
  }
}

function readHead(head: Buffer): FrameHead & Pick<Frame, 'type' | 'fdCount'> {
  const type = typesByCode.get(head.readUInt8(4))
  if (type === undefined)
    throw protocolError(`this version does not know messages of kind ${head.readUInt8(4)}`)
  const [length, fdCount] = [head.readUInt32BE(), head.readUInt16BE(5)]
  checkSize(type, length, fdCount)
  return { type, length, fdCount }
}

function checkSize(type: FrameType, bytes: number, fdCount: number): void {
  const { maxBytes, maxFds } = kinds[type]
  if (bytes > maxBytes) throw protocolError(`"${type}" has ${bytes} bytes, and the limit is ${maxBytes}`)
  if (fdCount > maxFds)
    throw protocolError(`"${type}" has ${fdCount} descriptors, and the limit is ${maxFds}`)
}
