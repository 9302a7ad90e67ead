import { isUtf8 } from 'node:buffer'

/** Text, or bytes where it may not be UTF-8: arguments, variables and paths are any bytes but NUL. */
export type Bytes = string | Uint8Array

/** The text of these bytes, or the bytes where they are not UTF-8. */
export function textOr(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes
}

/** Returns whether the value survives conversion to UTF-8 unchanged. Node's `spawn` passes on UTF-8 only. */
export function isText(value: Bytes): boolean {
  return typeof value === 'string' || isUtf8(value)
}

/** Gives a text that Node has decoded its bytes again, if they are the same. */
export function inBytes(text: string, bytes: Buffer | undefined): string | Buffer {
  return bytes?.toString() === text ? textOr(bytes) : text
}

/** The longest sequence of UTF-8. */
const longest = 4

/** Spells bytes for people: what is not UTF-8 shows as `\xe9`. */
export function showBytes(value: Bytes): string {
  if (typeof value === 'string') return value
  const bytes = Buffer.from(value)
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    text += length === 0 ? `\\x${bytes.toString('hex', at, at + 1)}` : bytes.toString('utf8', at, at + length)
    at += Math.max(length, 1)
  }
  return text
}

function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= longest && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length
  }
  return 0
}
