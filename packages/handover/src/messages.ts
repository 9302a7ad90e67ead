import type { SocketAddress } from '@shellflip/fd-passing'
import { oneLine } from '@shellflip/internal'
import type { StateIdentity } from '@shellflip/state-serialization'
import { protocolError } from './handover-error.ts'

export const protocolVersion = 1

/** The successor's first message. */
export type Hello = {
  readonly protocol: typeof protocolVersion
  readonly pid: number
  /** The versions of the states that it understands, by name. */
  readonly accepts: Readonly<Record<string, number>>
}

/** A given descriptor, under the name by which the successor requests it. */
export type ManifestSocket = {
  readonly name: string
  /** The address where it is bound, or null if it is not a socket. */
  readonly address: SocketAddress | null
  /** Names the file at the path of a UNIX socket, as its owner found it. */
  readonly file?: string
}

/** The content of a handover. Its descriptors are those of the sockets, in this order, and then the descriptor of the lock. */
export type Manifest = {
  readonly predecessor: { readonly pid: number; readonly version: string }
  readonly sockets: readonly ManifestSocket[]
  readonly lock: boolean
  readonly state: StateIdentity | null
}

const longestReason = 4_000

export function encodeMessage(message: Hello | Manifest): Buffer {
  return Buffer.from(JSON.stringify(message))
}

export function encodeReason(reason: string): Buffer {
  return Buffer.from(reason.slice(0, longestReason))
}

/** @throws {HandoverError} ERR_PROTOCOL if a field is wrong. The message names it */
export function decodeHello(payload: Buffer): Hello {
  const hello = record(parse(payload), 'hello')
  if (hello.protocol !== protocolVersion) {
    throw protocolError(
      `it speaks version ${JSON.stringify(hello.protocol)}, and this release speaks only version ${protocolVersion}. ` +
        'Both programs need compatible releases of @shellflip/handover',
    )
  }
  const accepts = Object.entries(record(hello.accepts, 'accepts'))
  return {
    protocol: protocolVersion,
    pid: positive(hello.pid, 'pid'),
    accepts: Object.fromEntries(
      accepts.map(([name, version]) => [name, positive(version, `accepts.${name}`)]),
    ),
  }
}

/** @throws {HandoverError} ERR_PROTOCOL if a field is wrong. The message names it */
export function decodeManifest(payload: Buffer): Manifest {
  const manifest = record(parse(payload), 'manifest')
  const predecessor = record(manifest.predecessor, 'predecessor')
  if (!Array.isArray(manifest.sockets)) throw wrong('sockets', 'a list')
  if (typeof manifest.lock !== 'boolean') throw wrong('lock', 'true or false')
  return {
    predecessor: {
      pid: positive(predecessor.pid, 'predecessor.pid'),
      version: text(predecessor.version, 'predecessor.version'),
    },
    sockets: manifest.sockets.map((socket, index) => socketOf(socket, `sockets[${index}]`)),
    lock: manifest.lock,
    state: manifest.state === null ? null : stateOf(manifest.state),
  }
}

/** Reads the reason that a peer gives, as one line without control sequences for a terminal. */
export function decodeReason(payload: Buffer): string {
  return oneLine(payload.toString('utf8')).slice(0, longestReason)
}

function socketOf(value: unknown, field: string): ManifestSocket {
  const socket = record(value, field)
  return {
    name: text(socket.name, `${field}.name`),
    address: socket.address === null ? null : addressOf(socket.address, `${field}.address`),
    ...(socket.file === undefined ? {} : { file: text(socket.file, `${field}.file`) }),
  }
}

function addressOf(value: unknown, field: string): SocketAddress {
  const { family, path, address, port } = record(value, field)
  if (family === 'unix') return { family, path: text(path, `${field}.path`) }
  if (family !== 'IPv4' && family !== 'IPv6') throw wrong(`${field}.family`, 'IPv4, IPv6 or unix')
  return { family, address: text(address, `${field}.address`), port: natural(port, `${field}.port`) }
}

function stateOf(value: unknown): StateIdentity {
  const state = record(value, 'state')
  return { name: text(state.name, 'state.name'), version: positive(state.version, 'state.version') }
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload))
  } catch (cause) {
    throw protocolError(`a message is not JSON: ${(cause as Error).message}`, cause)
  }
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw wrong(field, 'an object')
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  throw wrong(field, 'a string')
}

function natural(value: unknown, field: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw wrong(field, 'a natural number')
}

function positive(value: unknown, field: string): number {
  if (natural(value, field) > 0) return value as number
  throw wrong(field, 'a positive integer')
}

function wrong(field: string, expected: string): Error {
  return protocolError(`"${field}" is not ${expected}`)
}
