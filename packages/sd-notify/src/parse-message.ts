import { isUint8Array } from 'node:util/types'
import { show } from '@shellflip/internal'
import { invalid } from './check-argument.ts'
import { customKey, fields, futureKey } from './fields.ts'
import { maxDatagramBytes, type NotifyMessage } from './message.ts'

/** Of each kind: the service's own, and those that are not known. */
const maxKeys = 64
const longestUnknownBytes = 4 * 1024
const longestKeyBytes = 255

const nul = 0
const lineFeed = 0x0a
const carriageReturn = 0x0d
const equalsSign = 0x3d

const propertyByKey = new Map(
  Object.entries(fields).map(([property, field]) => [field.key, property as keyof typeof fields]),
)

/**
 * Reads one datagram, by systemd's rules (manager.c, service.c): assignments stand on lines that `\n` or `\r`
 * end; malformed values are ignored; of a key that is given twice, the first counts; one
 * NUL at the end is allowed, a datagram with NULs elsewhere says nothing at all.
 *
 * Throws only for what is neither text nor bytes. What it keeps is bounded: 16 KiB of `STATUS` (cut), 64 `X_` keys, 64 unknown keys of up to 4 KiB; a datagram above 64 KiB
 * says nothing.
 */
export function parseMessage(datagram: Uint8Array | string): NotifyMessage {
  const bytes = withoutLastNul(asBuffer(datagram))
  if (bytes.length > maxDatagramBytes || bytes.includes(nul)) return {}

  const values: Record<string, unknown> = {}
  const custom = new Map<string, string>()
  const unknown = new Map<string, string>()
  for (const [key, value] of assignments(bytes)) {
    const property = propertyByKey.get(key)
    if (property !== undefined) values[property] ??= fields[property].decode(value.toString())
    else if (customKey.test(key)) keep(custom, key, value)
    else if (futureKey.test(key)) keep(unknown, key, value, longestUnknownBytes)
  }

  const message = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return {
    ...message,
    ...(custom.size > 0 ? { custom: Object.fromEntries(custom) } : {}),
    ...(unknown.size > 0 ? { unknown: Object.fromEntries(unknown) } : {}),
  }
}

function keep(
  kept: Map<string, string>,
  key: string,
  value: Buffer,
  longestBytes = Number.POSITIVE_INFINITY,
): void {
  if (kept.size >= maxKeys || kept.has(key)) return
  const text = value.toString()
  if (Buffer.byteLength(text) <= longestBytes) kept.set(key, text)
}

/**
 * The values are given as bytes, to be decoded one by one: a slice of one long string would keep the whole datagram
 * in memory for as long as somebody holds its status.
 */
function* assignments(bytes: Buffer): Generator<[key: string, value: Buffer]> {
  let start = 0
  for (let end = 0; end <= bytes.length; end++) {
    if (end < bytes.length && bytes[end] !== lineFeed && bytes[end] !== carriageReturn) continue
    const line = bytes.subarray(start, end)
    const equals = line.indexOf(equalsSign)
    if (equals > 0 && equals <= longestKeyBytes) {
      yield [line.toString('latin1', 0, equals), line.subarray(equals + 1)]
    }
    start = end + 1
  }
}

function asBuffer(datagram: Uint8Array | string): Buffer {
  if (typeof datagram === 'string') return Buffer.from(datagram)
  if (!isUint8Array(datagram))
    throw invalid(`a datagram must be text or bytes (Uint8Array), not ${show(datagram)}`)
  return Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
}

function withoutLastNul(bytes: Buffer): Buffer {
  return bytes.at(-1) === nul ? bytes.subarray(0, -1) : bytes
}
