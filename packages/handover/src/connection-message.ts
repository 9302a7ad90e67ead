import { HandoverError, protocolError } from './handover-error.ts'

/** An open connection. Its descriptor travels beside the message. */
export type ConnectionMessage = {
  /** Identifies the connection in the answer. */
  readonly id: number
  readonly name: string
  readonly data: Buffer
}

/** How many connections may be given without an answer. Each holds memory and a descriptor in both processes. */
export const maxUnanswered = 256

/** How many connections one message may have. The kernel passes up to 253 descriptors at once. */
const maxConnections = 64

const maxDataBytes = 200 * 1024

const maxNameBytes = 1024

/** Of each connection: id (u32), length of the name in bytes (u16), length of the data (u32), name, data. */
const headBytes = 10

const idBytes = 4

export const connectionLimits = {
  connections: headBytes + maxNameBytes + maxDataBytes,
  connectionFds: maxConnections,
  answers: maxUnanswered * idBytes,
} as const

/** @throws {HandoverError} ERR_INVALID_ARGUMENT if it is more than a message takes */
export function encodeConnection({ id, name, data }: ConnectionMessage): Buffer {
  const nameBytes = Buffer.from(name)
  if (nameBytes.length > maxNameBytes) throw tooMuch('name', nameBytes.length, maxNameBytes)
  if (data.length > maxDataBytes) throw tooMuch('data', data.length, maxDataBytes)
  const head = Buffer.allocUnsafe(headBytes)
  head.writeUInt32BE(id)
  head.writeUInt16BE(nameBytes.length, 4)
  head.writeUInt32BE(data.length, 6)
  return Buffer.concat([head, nameBytes, data])
}

/** Returns the connections of a message, in their order. @throws {HandoverError} ERR_PROTOCOL */
export function decodeConnections(payload: Buffer): ConnectionMessage[] {
  const connections: ConnectionMessage[] = []
  for (let start = 0; start < payload.length; ) {
    const nameStart = start + headBytes
    if (nameStart > payload.length) throw cutOff()
    const nameEnd = nameStart + payload.readUInt16BE(start + 4)
    const end = nameEnd + payload.readUInt32BE(start + 6)
    if (end > payload.length) throw cutOff()
    const name = payload.toString('utf8', nameStart, nameEnd)
    connections.push({ id: payload.readUInt32BE(start), name, data: payload.subarray(nameEnd, end) })
    start = end
  }
  return connections
}

/** @param ids at most as many as may be unanswered */
export function encodeAnswers(ids: readonly number[]): Buffer {
  const payload = Buffer.allocUnsafe(ids.length * idBytes)
  for (const [index, id] of ids.entries()) payload.writeUInt32BE(id, index * idBytes)
  return payload
}

/** @throws {HandoverError} ERR_PROTOCOL */
export function decodeAnswers(payload: Buffer): number[] {
  if (payload.length === 0 || payload.length % idBytes !== 0)
    throw protocolError('an answer does not name a connection')
  return Array.from({ length: answersIn(payload) }, (_, index) => payload.readUInt32BE(index * idBytes))
}

/** Returns how many connections a message answers. */
export function answersIn(payload: Buffer): number {
  return Math.floor(payload.length / idBytes)
}

function cutOff(): HandoverError {
  return protocolError('a message with connections is cut off')
}

function tooMuch(what: string, bytes: number, limit: number): HandoverError {
  return new HandoverError(
    'ERR_INVALID_ARGUMENT',
    `the ${what} of a connection has ${bytes} bytes, and the limit is ${limit}`,
  )
}
