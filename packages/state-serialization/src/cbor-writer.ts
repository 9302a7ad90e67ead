import { longBytes, type Major, major, simple, tag } from './cbor.ts'
import { tooLarge } from './state-error.ts'

/** The longest text that a loop writes faster than the engine does. */
const maxShortText = 48

const textHead = major.text << 5

export type CborWriterOptions = {
  readonly blockBytes: number
  readonly maxBytes: number
  /** What is written, for the error if it has more than `maxBytes`. */
  readonly what: string
  /** Writes a long byte string beside the item. @default none: it becomes a part of the item */
  readonly writeLong?: (bytes: Uint8Array) => void
}

/** Writes the elements of CBOR (RFC 8949) into blocks of a fixed size. Each input is copied once. */
export class CborWriter {
  readonly #blockBytes: number
  readonly #maxBytes: number
  readonly #what: string
  readonly #writeLong: ((bytes: Uint8Array) => void) | undefined
  #full: Buffer[] = []
  #fullBytes = 0
  #besideBytes = 0
  #block: Buffer
  #at = 0

  constructor(options: CborWriterOptions) {
    this.#blockBytes = options.blockBytes
    this.#maxBytes = options.maxBytes
    this.#what = options.what
    this.#writeLong = options.writeLong
    this.#block = Buffer.allocUnsafeSlow(options.blockBytes)
  }

  /** Returns the written blocks, each at most one block long. */
  finish(): Buffer[] {
    this.#checkLength(0)
    return [...this.#full, this.#block.subarray(0, this.#at)]
  }

  /** Begins anew, in the same memory: what was written before is not valid any more. */
  clear(): void {
    this.#full = []
    this.#fullBytes = 0
    this.#besideBytes = 0
    this.#at = 0
  }

  /** An item's first bytes: its major type and its number, value or length. */
  head(type: Major, argument: number): void {
    this.#reserve(9)
    const first = type << 5
    if (argument < 24) this.#byte(first | argument)
    else if (argument <= 0xff) {
      this.#byte(first | 24)
      this.#byte(argument)
    } else if (argument <= 0xffff) {
      this.#byte(first | 25)
      this.#at = this.#block.writeUInt16BE(argument, this.#at)
    } else if (argument <= 0xffffffff) {
      this.#byte(first | 26)
      this.#at = this.#block.writeUInt32BE(argument, this.#at)
    } else {
      this.#byte(first | 27)
      this.#at = this.#block.writeUInt32BE(Math.floor(argument / 2 ** 32), this.#at)
      this.#at = this.#block.writeUInt32BE(argument % 2 ** 32, this.#at)
    }
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#byte(value)
  }

  /** Writes an integer, if every reader takes it for the same number. Otherwise writes a double. */
  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#reserve(9)
      this.#byte(simple.float64)
      this.#at = this.#block.writeDoubleBE(value, this.#at)
    } else if (value >= 0) this.head(major.uint, value)
    else this.head(major.negative, -1 - value)
  }

  /**
   * Writes a text if it is short and all of it is ASCII. Most texts of a state are, and a loop over a few characters is faster than a call
   * into the engine.
   *
   * @returns whether it was written
   */
  shortAscii(value: string): boolean {
    const { length } = value
    if (length > maxShortText || this.#at + length + 2 > this.#blockBytes) return false
    const block = this.#block
    let at = this.#at
    if (length < 24) block[at++] = textHead | length
    else {
      block[at++] = textHead | 24
      block[at++] = length
    }
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) return false
      block[at++] = code
    }
    this.#at = at
    return true
  }

  text(value: string): void {
    // No UTF-16 code unit needs more than three bytes in UTF-8.
    if (value.length * 3 + 9 <= this.#blockBytes - this.#at) {
      const length = Buffer.byteLength(value)
      this.head(major.text, length)
      this.#at += this.#block.write(value, this.#at, length, 'utf8')
      return
    }
    const bytes = Buffer.from(value)
    this.head(major.text, bytes.length)
    this.#append(bytes)
  }

  bytes(value: Uint8Array): void {
    this.head(major.bytes, value.length)
    this.#append(value)
  }

  /** Writes the content of a Buffer or a typed array. Long content travels beside the item. */
  content(value: Uint8Array): void {
    if (this.#writeLong === undefined || value.length < longBytes) {
      this.bytes(value)
      return
    }
    this.#checkLength(value.length)
    this.#besideBytes += value.length
    this.head(major.tag, tag.longBytes)
    this.head(major.uint, value.length)
    this.#writeLong(value)
  }

  #append(bytes: Uint8Array): void {
    this.#checkLength(bytes.length)
    let rest = bytes
    while (rest.length > 0) {
      if (this.#at === this.#blockBytes) this.#nextBlock()
      const part = rest.subarray(0, this.#blockBytes - this.#at)
      this.#block.set(part, this.#at)
      this.#at += part.length
      rest = rest.subarray(part.length)
    }
  }

  #byte(value: number): void {
    this.#block[this.#at++] = value
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes > this.#blockBytes) this.#nextBlock()
  }

  #nextBlock(): void {
    this.#checkLength(0)
    this.#full.push(this.#block.subarray(0, this.#at))
    this.#fullBytes += this.#at
    this.#block = Buffer.allocUnsafeSlow(this.#blockBytes)
    this.#at = 0
  }

  #checkLength(more: number): void {
    const bytes = this.#fullBytes + this.#besideBytes + this.#at + more
    if (bytes > this.#maxBytes) throw tooLarge(this.#what, this.#maxBytes)
  }
}
