import { show } from '@shellflip/internal'
import { checkOptions } from './check-argument.ts'
import { SdNotifyError } from './errors.ts'
import { customKey, type Field, fields, futureKey } from './fields.ts'
import { maxDatagramBytes, type NotifyMessage } from './message.ts'

const knownProperties = {
  ...(Object.fromEntries(Object.keys(fields).map((name) => [name, 'any'])) as Record<
    keyof typeof fields,
    'any'
  >),
  custom: 'object',
  unknown: 'object',
} as const

/**
 * Writes one datagram, an assignment a line. `status` is text for people: line breaks and control characters
 * become spaces, and it is cut at 2 KiB. Everything else is sent exactly or refused.
 *
 * @throws {SdNotifyError} ERR_INVALID_ARGUMENT if the protocol cannot carry a value
 */
export function formatMessage(message: NotifyMessage): string {
  checkMessage(message)
  const lines: string[] = []
  for (const [property, field] of Object.entries(fields)) {
    const value = message[property as keyof typeof fields]
    if (value !== undefined) lines.push(`${field.key}=${encode(property, field as Field<unknown>, value)}`)
  }
  for (const [key, value] of Object.entries(message.custom ?? {})) {
    requireCustom(key, value)
    lines.push(`${key}=${value}`)
  }
  for (const [key, value] of Object.entries(message.unknown ?? {})) {
    requireUnknown(key, value)
    lines.push(`${key}=${value}`)
  }
  const text = lines.join('\n')
  if (Buffer.byteLength(text) > maxDatagramBytes) {
    throw new SdNotifyError(
      'ERR_INVALID_ARGUMENT',
      `a message can have at most ${maxDatagramBytes} bytes. Send less`,
    )
  }
  return text
}

/** @throws {SdNotifyError} ERR_INVALID_ARGUMENT if it is not a message, or has a property that sd_notify(3) does not have */
export function checkMessage(message: NotifyMessage): void {
  checkOptions('sd_notify(3)', message, knownProperties)
}

function encode(property: string, field: Field<unknown>, value: unknown): string {
  const text = field.encode(value)
  if (text === undefined || field.decode(text) === undefined) {
    throw new SdNotifyError('ERR_INVALID_ARGUMENT', `${property} must be ${field.rule}, not ${show(value)}`)
  }
  return text
}

function requireCustom(key: string, value: unknown): void {
  if (!customKey.test(key)) {
    throw new SdNotifyError(
      'ERR_INVALID_ARGUMENT',
      `a key of your own must be X_ and up to 253 printable ASCII characters without '=' and spaces, not ${show(key)}`,
    )
  }
  requireOneLine(key, value)
}

function requireUnknown(key: string, value: unknown): void {
  const known = Object.values(fields).some((field) => field.key === key)
  if (known || !futureKey.test(key)) {
    throw new SdNotifyError(
      'ERR_INVALID_ARGUMENT',
      `a key in unknown must have capital letters, digits and _ only, and not be one of sd_notify(3), not ${show(key)}`,
    )
  }
  requireOneLine(key, value)
}

function requireOneLine(key: string, value: unknown): void {
  if (typeof value !== 'string' || /[\n\r\0]/.test(value)) {
    throw new SdNotifyError(
      'ERR_INVALID_ARGUMENT',
      `${key} must be a string without line breaks and NUL. Encode it, for example as JSON`,
    )
  }
}
