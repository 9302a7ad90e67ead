import { isUtf8 } from 'node:buffer'

/** The text of these bytes, or the bytes where they are not UTF-8. */
export function textOr(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes
}

/** Whether it is the same in UTF-8, which is all that `spawn` can pass on. */
export function isText(value: string | Buffer): boolean {
  return typeof value === 'string' || isUtf8(value)
}
