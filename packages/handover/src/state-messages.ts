import { protocolError } from './handover-error.ts'

/**
 * Encodes the size of the memory file of a state.
 *
 * @param ringBytes after so many bytes the next ones are written to the beginning of the file. 0: each byte has its own place
 */
export function encodeRing(ringBytes: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(ringBytes)
  return payload
}

/** @throws {HandoverError} ERR_PROTOCOL */
export function decodeRing(payload: Buffer): number {
  if (payload.length !== 4) throw protocolError('a memory file comes without its size')
  return payload.readUInt32BE()
}

/** Encodes a number of bytes of the state. */
export function encodeTotal(total: number): Buffer {
  const payload = Buffer.alloc(8)
  payload.writeBigUInt64BE(BigInt(total))
  return payload
}

/**
 * @param least the number must not be less, or more than `most`
 * @throws {HandoverError} ERR_PROTOCOL
 */
export function decodeTotal(payload: Buffer, least: number, most: number): number {
  const total = payload.length === 8 ? Number(payload.readBigUInt64BE()) : Number.NaN
  if (total >= least && total <= most) return total
  throw protocolError(`the peer counts ${total} bytes of the state, where ${least} to ${most} can be`)
}
