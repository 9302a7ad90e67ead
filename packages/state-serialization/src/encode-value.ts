/// <reference lib="es2024.string" />
import { major, maxDepth, record, simple, tag, typedArrayTags } from './cbor.ts'
import type { CborWriter } from './cbor-writer.ts'
import { fieldPath } from './field-path.ts'
import { StateError } from './state-error.ts'

/** Gives each external a number, the same one whenever it comes again; `undefined` for what is none. */
export type NumberExternal = (value: object) => number | undefined

/**
 * Writes a value as CBOR, whole as it is now.
 *
 * @throws {StateError} ERR_STATE_NOT_ENCODABLE, naming the field: a function, a symbol, an instance of a class, a circle
 */
export function encodeValue(value: unknown, writer: CborWriter, numberExternal: NumberExternal): void {
  new ValueEncoder(writer, numberExternal).any(value)
}

class ValueEncoder {
  readonly #writer: CborWriter
  readonly #numberExternal: NumberExternal
  readonly #path: PropertyKey[] = []
  readonly #around = new Set<object>()

  constructor(writer: CborWriter, numberExternal: NumberExternal) {
    this.#writer = writer
    this.#numberExternal = numberExternal
  }

  any(value: unknown): void {
    if (value === undefined) this.#writer.byte(simple.undefined)
    else if (value === null) this.#writer.byte(simple.null)
    else if (typeof value === 'boolean') this.#writer.byte(value ? simple.true : simple.false)
    else if (typeof value === 'number') this.#writer.number(value)
    else if (typeof value === 'string') this.#string(value)
    else if (typeof value === 'bigint') this.#bigint(value)
    else if (typeof value === 'object') this.#object(value)
    else throw this.#refusal(`a ${typeof value} cannot be encoded`)
  }

  #string(value: string): void {
    if (value.isWellFormed()) this.#writer.text(value)
    else {
      this.#writer.head(major.tag, tag.utf16)
      this.#writer.bytes(Buffer.from(value, 'utf16le'))
    }
  }

  #bigint(value: bigint): void {
    this.#writer.head(major.tag, value < 0n ? tag.negativeBigint : tag.positiveBigint)
    const digits = (value < 0n ? -1n - value : value).toString(16)
    this.#writer.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
  }

  #object(value: object): void {
    const external = this.#numberExternal(value)
    if (external === undefined) this.#byPrototype(value, Object.getPrototypeOf(value))
    else {
      this.#writer.head(major.tag, tag.external)
      this.#writer.head(major.uint, external)
    }
  }

  /** A subclass is refused: it would come back without its class. */
  #byPrototype(value: object, prototype: unknown): void {
    const typedArrayTag = typedArrayTags.get(prototype)
    if (typedArrayTag !== undefined) this.#typedArray(value as NodeJS.TypedArray, typedArrayTag)
    else if (prototype === Buffer.prototype) this.#writer.bytes(value as Buffer)
    else if (prototype === Date.prototype) this.#date(value as Date)
    else {
      this.#enter(value)
      if (prototype === Object.prototype || prototype === null) this.#record(value as Record<string, unknown>)
      else if (prototype === Array.prototype) this.#array(value as unknown[])
      else if (prototype === Map.prototype) this.#map(value as Map<unknown, unknown>)
      else if (prototype === Set.prototype) this.#set(value as Set<unknown>)
      else throw this.#refusal(`${nameOf(value)} cannot be encoded`)
      this.#around.delete(value)
    }
  }

  #date(value: Date): void {
    const milliseconds = value.getTime()
    if (Number.isNaN(milliseconds)) throw this.#refusal('an invalid Date cannot be encoded')
    this.#writer.head(major.tag, tag.epochMilliseconds)
    this.#writer.number(milliseconds)
  }

  #typedArray(value: NodeJS.TypedArray, number: number): void {
    this.#writer.head(major.tag, number)
    this.#writer.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }

  /** As in JSON, a property that is undefined is left out. */
  #record(value: Record<string, unknown>): void {
    const symbol = Object.getOwnPropertySymbols(value)[0]
    if (symbol !== undefined) throw this.#refusal(`the key ${String(symbol)} cannot be encoded`)
    this.#writer.byte(record)
    for (const key of Object.keys(value)) {
      const field = value[key]
      if (field === undefined) continue
      this.#string(key)
      this.#at(key, field)
    }
    this.#writer.byte(simple.end)
  }

  #array(value: readonly unknown[]): void {
    this.#writer.head(major.array, value.length)
    for (let index = 0; index < value.length; index++) this.#at(index, value[index])
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    this.#writer.head(major.tag, tag.map)
    this.#writer.head(major.map, value.size)
    let index = 0
    for (const [key, field] of value) {
      this.#at(`key ${index}`, key)
      this.#at(typeof key === 'string' ? key : `value ${index}`, field)
      index++
    }
  }

  #set(value: ReadonlySet<unknown>): void {
    this.#writer.head(major.tag, tag.set)
    this.#writer.head(major.array, value.size)
    let index = 0
    for (const member of value) this.#at(index++, member)
  }

  #at(key: PropertyKey, value: unknown): void {
    this.#path.push(key)
    this.any(value)
    this.#path.pop()
  }

  #enter(value: object): void {
    if (this.#around.has(value))
      throw this.#refusal('it stands within itself, and a circle cannot be encoded')
    if (this.#around.size === maxDepth) throw this.#refusal(`it is nested deeper than ${maxDepth} levels`)
    this.#around.add(value)
  }

  #refusal(why: string): StateError {
    return new StateError(
      'ERR_STATE_NOT_ENCODABLE',
      `${fieldPath(this.#path)}: ${why}: leave it out, or save what it is made of`,
    )
  }
}

function nameOf(value: object): string {
  const type: unknown = value.constructor
  const name = typeof type === 'function' && type.name !== '' ? type.name : 'nameless object'
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
}
