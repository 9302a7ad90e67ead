import { isUtf8 } from 'node:buffer'
import { type Major, major, maxDepth, record, simple, tag, typedArrayClasses } from './cbor.ts'
import type { EncodedItem } from './envelope-reader.ts'
import { KeyCache } from './key-cache.ts'
import { corrupt } from './state-error.ts'

/** Gives the external of a number. */
export type ExternalAt = (index: number) => unknown

/**
 * Reads the value that `encodeValue` wrote. The value does not refer to the given bytes, and takes over the long byte strings.
 *
 * @param keys keeps the keys for the next value
 * @throws {StateError} ERR_STATE_CORRUPT if `encodeValue` does not write such bytes
 */
export function decodeValue(item: EncodedItem, externalAt: ExternalAt, keys = new KeyCache()): unknown {
  const decoder = new ValueDecoder(item, externalAt, keys)
  const value = decoder.any(0)
  decoder.end()
  return value
}

class ValueDecoder {
  readonly #bytes: Buffer
  readonly #longStrings: readonly Buffer[]
  #longTaken = 0
  readonly #externalAt: ExternalAt
  readonly #keys: KeyCache
  #at = 0

  constructor({ bytes, long }: EncodedItem, externalAt: ExternalAt, keys: KeyCache) {
    this.#keys = keys
    this.#longStrings = long
    this.#bytes = bytes
    this.#externalAt = externalAt
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw corrupt('bytes follow a value')
    if (this.#longTaken < this.#longStrings.length) throw corrupt('long bytes belong to no value')
  }

  any(depth: number): unknown {
    if (depth > maxDepth) throw corrupt(`values are nested deeper than ${maxDepth} levels`)
    const first = this.#byte()
    const type = (first >> 5) as Major
    switch (type) {
      case major.uint:
        return this.#argument(first)
      case major.negative:
        return -1 - this.#argument(first)
      case major.bytes:
        return Buffer.from(this.#take(this.#argument(first)))
      case major.text:
        return this.#text(this.#argument(first))
      case major.array:
        return this.#array(this.#argument(first), depth)
      case major.map:
        if (first !== record) throw corrupt('a map lacks its tag')
        return this.#record(depth, {})
      case major.tag:
        return this.#tagged(this.#argument(first), depth)
      case major.simple:
        return this.#simple(first)
    }
  }

  #text(length: number): string {
    return this.#textAt(this.#advance(length), length)
  }

  #textAt(from: number, length: number): string {
    const text = this.#bytes.toString('utf8', from, from + length)
    // Bytes that are not UTF-8 become this character, which may also be there rightly.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(from, from + length))) {
      throw corrupt('a text is not UTF-8')
    }
    return text
  }

  #array(length: number, depth: number): unknown[] {
    const array: unknown[] = []
    for (let index = 0; index < length; index++) array.push(this.any(depth + 1))
    return array
  }

  #record(depth: number, fields: Record<string, unknown>): Record<string, unknown> {
    while (!this.#takesEnd()) {
      const key = this.#key()
      if (Object.hasOwn(fields, key)) throw corrupt('an object has a key twice')
      const value = this.any(depth + 1)
      if (key !== '__proto__') fields[key] = value
      // An assignment would set the prototype.
      else Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true })
    }
    return fields
  }

  #takesEnd(): boolean {
    if (this.#bytes[this.#at] !== simple.end) return false
    this.#at++
    return true
  }

  #key(): string {
    const first = this.#byte()
    if (first >> 5 === major.text) {
      const length = this.#argument(first)
      const from = this.#advance(length)
      const kept = this.#keys.find(this.#bytes, from, length)
      if (kept !== undefined) return kept
      const key = this.#textAt(from, length)
      this.#keys.keep(key, this.#bytes, from, length)
      return key
    }
    if (first >> 5 === major.tag && this.#argument(first) === tag.utf16) return this.#utf16()
    throw corrupt('a key is not a string')
  }

  #utf16(): string {
    const content = this.#content()
    if (content.length % 2 !== 0) throw corrupt('a text has half a code unit')
    return content.toString('utf16le')
  }

  #tagged(number: number, depth: number): unknown {
    switch (number) {
      case tag.epochMilliseconds:
        return this.#date()
      case tag.positiveBigint:
        return this.#bigint()
      case tag.negativeBigint:
        return -1n - this.#bigint()
      case tag.utf16:
        return this.#utf16()
      case tag.set:
        return this.#set(this.#expect(major.array), depth)
      case tag.map:
        return this.#map(this.#expect(major.map), depth)
      case tag.external:
        return this.#externalAt(this.#expect(major.uint))
      case tag.nullPrototype:
        if (this.#byte() !== record) throw corrupt('a tag precedes a value of another type')
        return this.#record(depth, Object.create(null))
      case tag.longBytes:
        return this.#longBytes()
      default:
        return this.#typedArray(number)
    }
  }

  #date(): Date {
    const date = new Date(this.#integer())
    if (Number.isNaN(date.getTime())) throw corrupt('a Date is beyond what a Date can hold')
    return date
  }

  #set(size: number, depth: number): Set<unknown> {
    const set = new Set(this.#array(size, depth))
    if (set.size !== size) throw corrupt('a Set has a member twice')
    return set
  }

  #map(size: number, depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    for (let index = 0; index < size; index++) map.set(this.any(depth + 1), this.any(depth + 1))
    if (map.size !== size) throw corrupt('a Map has a key twice')
    return map
  }

  #bigint(): bigint {
    return BigInt(`0x0${this.#content().toString('hex')}`)
  }

  #integer(): number {
    const first = this.#byte()
    if (first >> 5 === major.uint) return this.#argument(first)
    if (first >> 5 === major.negative) return -1 - this.#argument(first)
    throw corrupt('an integer is missing')
  }

  #typedArray(number: number): NodeJS.TypedArray {
    const type = typedArrayClasses.get(number)
    if (type === undefined) throw corrupt(`tag ${number} is unknown`)
    const content = this.#ownContent()
    if (content.length % type.BYTES_PER_ELEMENT !== 0) throw corrupt('a typed array has a broken element')
    return new type(content.buffer)
  }

  /** Returns bytes that have their memory alone. */
  #ownContent(): Uint8Array {
    const first = this.#byte()
    if (first >> 5 === major.bytes) return new Uint8Array(this.#take(this.#argument(first)))
    if (first >> 5 === major.tag && this.#argument(first) === tag.longBytes) return this.#longBytes()
    throw corrupt('a tag precedes a value of another type')
  }

  #longBytes(): Buffer {
    const length = this.#expect(major.uint)
    const bytes = this.#longStrings[this.#longTaken++]
    if (bytes?.length !== length) throw corrupt('long bytes differ from those that a value names')
    return bytes
  }

  #content(): Buffer {
    return this.#take(this.#expect(major.bytes))
  }

  #simple(first: number): unknown {
    switch (first) {
      case simple.false:
        return false
      case simple.true:
        return true
      case simple.null:
        return null
      case simple.undefined:
        return undefined
      case simple.float64:
        return this.#bytes.readDoubleBE(this.#advance(8))
      default:
        throw corrupt(`byte ${first} does not begin a value`)
    }
  }

  #expect(type: Major): number {
    const first = this.#byte()
    if (first >> 5 !== type) throw corrupt('a tag precedes a value of another type')
    return this.#argument(first)
  }

  /** The number in an item's first bytes. */
  #argument(first: number): number {
    const short = first & 0x1f
    if (short < 24) return short
    if (short === 24) return this.#byte()
    if (short > 27) throw corrupt(`byte ${first} does not begin a value`)
    const from = this.#advance(1 << (short - 24))
    switch (short) {
      case 25:
        return this.#bytes.readUInt16BE(from)
      case 26:
        return this.#bytes.readUInt32BE(from)
      default:
        return this.#long(from)
    }
  }

  #long(from: number): number {
    const value = this.#bytes.readUInt32BE(from) * 2 ** 32 + this.#bytes.readUInt32BE(from + 4)
    if (!Number.isSafeInteger(value)) throw corrupt('an integer is larger than a number can hold')
    return value
  }

  #byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw corrupt('a value is cut off')
    return value
  }

  #take(length: number): Buffer {
    const from = this.#advance(length)
    return this.#bytes.subarray(from, from + length)
  }

  /** Returns where the next bytes of this length begin, and moves past them. */
  #advance(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) throw corrupt('a value is cut off')
    this.#at += length
    return from
  }
}
