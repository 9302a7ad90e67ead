/// <reference lib="es2024.string" />
import { types } from 'node:util'
import { major, maxDepth, record, simple, tag, typedArrayClasses, typedArrayTags } from './cbor.ts'
import type { CborWriter } from './cbor-writer.ts'
import {
  extraOfArray,
  extraOfBuiltIn,
  extraOfRecord,
  extraOfTypedArray,
  hiddenPart,
} from './extra-properties.ts'
import { fieldPath } from './field-path.ts'
import { isPlainPrototype, isRecord } from './is-record.ts'
import { describeCause, StateError } from './state-error.ts'

/** Returns the number of an external, the same one each time, or `undefined` for any other object. */
type NumberExternal = (value: object) => number | undefined

export type EncodeValueOptions = {
  readonly writer: CborWriter
  readonly numberExternal: NumberExternal
  /** Where the value is in the state, for errors. */
  readonly at?: readonly PropertyKey[]
  /** Whether its objects, arrays, Maps and Sets are known to have nothing but their content. */
  readonly isPlain?: boolean
}

/**
 * Writes a whole value as CBOR, as it is now. The decoded value equals it by `util.isDeepStrictEqual()`.
 *
 * @throws {StateError} ERR_STATE_NOT_ENCODABLE if a field cannot be encoded: a function, a symbol, an instance of a class, a circle, a
 *   hole, a property beside the elements of an array
 */
export function encodeValue(value: unknown, options: EncodeValueOptions): void {
  new ValueEncoder(options).whole(value)
}

class ValueEncoder {
  readonly #writer: CborWriter
  readonly #numberExternal: NumberExternal
  readonly #path: PropertyKey[]
  readonly #isPlain: boolean
  readonly #around: object[] = []

  constructor({ writer, numberExternal, at = [], isPlain = false }: EncodeValueOptions) {
    this.#isPlain = isPlain
    this.#writer = writer
    this.#numberExternal = numberExternal
    this.#path = [...at]
  }

  /** Three things can throw: a getter, a Proxy, and an object that only has the prototype of a built-in type. */
  whole(value: unknown): void {
    try {
      this.#any(value)
    } catch (cause) {
      if (cause instanceof StateError) throw cause
      throw this.#refusal(`it cannot be read (${describeCause(cause)})`, cause)
    }
  }

  #any(value: unknown): void {
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
    if (this.#writer.shortAscii(value)) return
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
    else if (prototype === Buffer.prototype) this.#buffer(value as Buffer)
    else if (prototype === Date.prototype) this.#date(value as Date)
    else {
      this.#enter(value)
      if (this.#isPlain ? isPlainPrototype(prototype) : isRecord(value, prototype))
        this.#record(value, prototype)
      else if (prototype === Array.prototype && Array.isArray(value)) this.#array(value)
      else if (prototype === Map.prototype) this.#map(value as Map<unknown, unknown>)
      else if (prototype === Set.prototype) this.#set(value as Set<unknown>)
      else throw this.#refusal(`${nameOf(value)} cannot be encoded`)
      this.#around.pop()
    }
  }

  #date(value: Date): void {
    const milliseconds = value.getTime()
    if (Number.isNaN(milliseconds)) throw this.#refusal('an invalid Date cannot be encoded')
    this.#refuseExtra(extraOfBuiltIn(value), 'a Date')
    this.#writer.head(major.tag, tag.epochMilliseconds)
    this.#writer.number(milliseconds)
  }

  #buffer(value: Buffer): void {
    this.#refuseExtra(hiddenPart(value), 'a Buffer')
    if (!types.isUint8Array(value)) throw this.#otherType()
    const plain = Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#refuseExtra(extraOfTypedArray(value, plain), 'a Buffer')
    this.#writer.content(plain)
  }

  #typedArray(value: NodeJS.TypedArray, number: number): void {
    this.#refuseExtra(hiddenPart(value), nameOf(value))
    const type = typedArrayClasses.get(number)
    if (value[Symbol.toStringTag] !== type?.name) throw this.#otherType()
    const plain = type && new type(value.buffer, value.byteOffset, value.length)
    this.#refuseExtra(extraOfTypedArray(value, plain), nameOf(value))
    this.#writer.head(major.tag, number)
    this.#writer.content(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }

  #record(value: object, prototype: unknown): void {
    const keys = Object.keys(value)
    if (!this.#isPlain) this.#refuseExtra(extraOfRecord(value, keys), 'an object')
    if (prototype === null) this.#writer.head(major.tag, tag.nullPrototype)
    this.#writer.byte(record)
    for (const key of keys) {
      this.#string(key)
      this.#path.push(key)
      const field = (value as Record<string, unknown>)[key]
      if (field === undefined && !Object.hasOwn(value, key)) throw this.#changed()
      this.#any(field)
      this.#path.pop()
    }
    this.#writer.byte(simple.end)
  }

  #array(value: readonly unknown[]): void {
    const { length } = value
    this.#writer.head(major.array, length)
    for (let index = 0; index < length; index++) {
      this.#path.push(index)
      const element = value[index]
      if (element === undefined && !Object.hasOwn(value, index)) {
        throw this.#refusal(
          'a hole in an array cannot be encoded',
          undefined,
          'fill it, with undefined or null',
        )
      }
      this.#any(element)
      this.#path.pop()
    }
    if (value.length !== length) throw this.#changed()
    if (!this.#isPlain) this.#refuseExtra(extraOfArray(value), 'an array')
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    const { size } = value
    this.#writer.head(major.tag, tag.map)
    this.#writer.head(major.map, size)
    this.#refuseExtra(extraOfBuiltIn(value), 'a Map')
    let index = 0
    for (const [key, field] of value) {
      if (typeof key === 'string') {
        this.#string(key)
        this.#at(key, field)
      } else {
        this.#at(`key ${index}`, key)
        this.#at(`value ${index}`, field)
      }
      index++
    }
    if (index !== size) throw this.#changed()
  }

  #set(value: ReadonlySet<unknown>): void {
    const { size } = value
    this.#writer.head(major.tag, tag.set)
    this.#writer.head(major.array, size)
    this.#refuseExtra(extraOfBuiltIn(value), 'a Set')
    let index = 0
    for (const member of value) this.#at(index++, member)
    if (index !== size) throw this.#changed()
  }

  #at(key: PropertyKey, value: unknown): void {
    this.#path.push(key)
    this.#any(value)
    this.#path.pop()
  }

  #enter(value: object): void {
    if (this.#around.includes(value))
      throw this.#refusal('it contains itself, and a circle cannot be encoded')
    if (this.#around.length === maxDepth) throw this.#refusal(`it is nested deeper than ${maxDepth} levels`)
    this.#around.push(value)
  }

  #refuseExtra(key: PropertyKey | undefined, holder: string): void {
    if (key === undefined) return
    const name = typeof key === 'symbol' ? String(key) : JSON.stringify(key)
    throw this.#refusal(`the property ${name} of ${holder} cannot be encoded`)
  }

  /** The decoded value would have the type of the prototype. */
  #otherType(): StateError {
    return this.#refusal('it has the prototype of another type')
  }

  /** A getter, or a Proxy, can change what holds it. */
  #changed(): StateError {
    return this.#refusal('it changed during its encoding', undefined, 'its getters must not change it')
  }

  #refusal(
    why: string,
    cause?: unknown,
    remedy = 'leave it out, or save the values that it is made of',
  ): StateError {
    return new StateError(
      'ERR_STATE_NOT_ENCODABLE',
      `${fieldPath(this.#path)}: ${why}: ${remedy}`,
      cause === undefined ? undefined : { cause },
    )
  }
}

function nameOf(value: object): string {
  const type: unknown = value.constructor
  const name = typeof type === 'function' && type.name !== '' ? type.name : 'nameless object'
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
