import { HandoverError, protocolError } from './handover-error.ts'

/** An open connection. Its descriptor travels beside this message. */
export type ConnectionMessage = {
  /** Identifies the connection in the answer. */
  readonly id: number
  readonly name: string
  readonly data: Buffer
}

/** How many connections may be given without an answer. Each holds memory and a descriptor in both processes. */
export const maxUnanswered = 256

const maxDataBytes = 200 * 1024

const maxNameBytes = 1024

/** Id (u32), length of the name in bytes (u16), name, data. */
const headBytes = 6

const answerBytes = 4

export const connectionLimits = {
  connection: headBytes + maxNameBytes + maxDataBytes,
  answer: answerBytes,
} as const

/** @throws {HandoverError} ERR_INVALID_ARGUMENT if it is more than a message takes */
export function encodeConnection({ id, name, data }: ConnectionMessage): Buffer {
  const nameBytes = Buffer.from(name)
  if (nameBytes.length > maxNameBytes) throw tooMuch('name', nameBytes.length, maxNameBytes)
  if (data.length > maxDataBytes) throw tooMuch('data', data.length, maxDataBytes)
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(id)
  head.writeUInt16BE(nameBytes.length, 4)
  return Buffer.concat([head, nameBytes, data])
}

/** @throws {HandoverError} ERR_PROTOCOL */
export function decodeConnection(payload: Buffer): ConnectionMessage {
  const nameEnd = payload.length < headBytes ? Infinity : headBytes + payload.readUInt16BE(4)
  if (nameEnd > payload.length) throw protocolError('a connection does not have a name')
  return {
    id: payload.readUInt32BE(),
    name: payload.toString('utf8', headBytes, nameEnd),
    data: payload.subarray(nameEnd),
  }
}

export function encodeAnswer(id: number): Buffer {
  const payload = Buffer.alloc(answerBytes)
  payload.writeUInt32BE(id)
  return payload
}

/** @throws {HandoverError} ERR_PROTOCOL */
export function decodeAnswer(payload: Buffer): number {
  if (payload.length !== answerBytes) throw protocolError('an answer does not name a connection')
  return payload.readUInt32BE()
}

function tooMuch(what: string, bytes: number, limit: number): HandoverError {
  return new HandoverError(
    'ERR_INVALID_ARGUMENT',
    `the ${what} of a connection has ${bytes} bytes, and the limit is ${limit}`,
  )
}
