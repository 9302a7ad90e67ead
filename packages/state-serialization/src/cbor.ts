import { endianness } from 'node:os'

/** The major types of CBOR (RFC 8949, 3.1), in the upper three bits of an item's first byte. */
export const major = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const

export type Major = (typeof major)[keyof typeof major]

/** The first bytes in use of major type 7. `end` closes a `record`, which does not carry a length. */
export const simple = {
  false: 0xf4,
  true: 0xf5,
  null: 0xf6,
  undefined: 0xf7,
  float64: 0xfb,
  end: 0xff,
} as const

/** A map of indefinite length (RFC 8949, 3.2.2): which properties there are is known only when all were looked at. */
export const record = 0xbf

/** The tags in use: those of the IANA registry, and five private ones for types that the registry does not cover exactly. */
export const tag = {
  positiveBigint: 2,
  negativeBigint: 3,
  set: 258,
  map: 259,
  /** Text that is not well-formed, as UTF-16LE. */
  utf16: 0x5346,
  /** The index of an external. */
  external: 0x5347,
  /** Milliseconds since the epoch. The registered tags count seconds: a double of those is not exact for every Date. */
  epochMilliseconds: 0x5348,
  /** A record whose prototype is null. */
  nullPrototype: 0x5349,
  /** The length of the next byte string that came beside the item. */
  longBytes: 0x534a,
} as const

/** A byte string of this length travels beside its item, so that it is written and read without another copy. */
export const longBytes = 16 * 1024

/** Nesting beyond this is refused at both ends, long before the stack is full. */
export const maxDepth = 500

type TypedArrayClass = {
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NodeJS.TypedArray
  readonly prototype: NodeJS.TypedArray
  readonly BYTES_PER_ELEMENT: number
}

/**
 * The typed arrays and their tags (RFC 8746). Elements have the byte order of this machine, which the tag names. A reader refuses another
 * byte order. A `Buffer` is a byte string without a tag.
 */
const typedArrays: readonly (readonly [TypedArrayClass, number])[] = [
  [Uint8Array, 64],
  [Uint8ClampedArray, 68],
  [Int8Array, 72],
  [Uint16Array, 65 + orderBit()],
  [Uint32Array, 66 + orderBit()],
  [BigUint64Array, 67 + orderBit()],
  [Int16Array, 73 + orderBit()],
  [Int32Array, 74 + orderBit()],
  [BigInt64Array, 75 + orderBit()],
  [Float32Array, 81 + orderBit()],
  [Float64Array, 82 + orderBit()],
]

function orderBit(): number {
  return endianness() === 'LE' ? 4 : 0
}

export const typedArrayTags: ReadonlyMap<unknown, number> = new Map(
  typedArrays.map(([type, number]) => [type.prototype, number]),
)

export const typedArrayClasses: ReadonlyMap<number, TypedArrayClass> = new Map(
  typedArrays.map(([type, number]) => [number, type]),
)
