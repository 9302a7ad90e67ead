import { isUint8Array } from 'node:util/types'
import { show } from '@shellflip/internal'
import { invalid } from './check-argument.ts'
import { customKey, fields, futureKey } from './fields.ts'
import { maxDatagramBytes, type NotifyMessage } from './message.ts'

/** The limit for each kind of key: the service's own, and the unknown ones. */
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
 * Reads one datagram, by systemd's rules (manager.c, service.c):
 *
 * - `\n` or `\r` ends the line of an assignment.
 * - Malformed values are ignored.
 * - If a key is given twice, the first value counts.
 * - One NUL at the end is allowed. A datagram with other NULs yields nothing at all.
 *
 * Throws only if the datagram is neither text nor bytes. The result is bounded: 16 KiB of `STATUS` (cut), 64 `X_` keys, 64 unknown keys
 * of up to 4 KiB. A datagram above 64 KiB yields nothing.
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
 * Yields the values as bytes, which the caller decodes one by one. A slice of one long string would keep the whole datagram in memory as
 * long as the status is referenced.
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
