import { inspect, isDeepStrictEqual } from 'node:util'

/**
 * Finds a property that an array has beside its elements, such as `index` of a match of a RegExp.
 *
 * `Reflect.ownKeys()` of a large array makes a string of every index, which takes longer than all of the encoding.
 * A comparison with a plain copy does not.
 */
export function extraOfArray(array: readonly unknown[]): PropertyKey | undefined {
  if (array.length <= fewElements && hasOnlyElements(array)) return undefined
  return isDeepStrictEqual(array, Array.from(array)) ? undefined : besideElements(array)
}

/** The length up to which the keys of an array are listed faster than it is compared. */
const fewElements = 32

/** Own keys are in this order: the indices, then the other names. `length` is the first of those. */
function hasOnlyElements(array: readonly unknown[]): boolean {
  const keys = Reflect.ownKeys(array)
  return keys.length === array.length + 1 && keys[array.length] === 'length'
}

/** An own property of such a name hides what the array is made of. */
const partsOfTypedArray = ['buffer', 'byteOffset', 'byteLength', 'length']

/** Finds a property that a Buffer or a typed array has beside its elements. */
export function extraOfTypedArray(array: NodeJS.TypedArray, plain: unknown): PropertyKey | undefined {
  const isPlain =
    array.byteLength < manyBytes ? isDeepStrictEqual(array, plain) : outlined(array) === outlined(plain)
  return isPlain ? undefined : besideElements(array)
}

/** From this length on a comparison of all bytes takes longer than {@link outlined}. */
const manyBytes = 256 * 1024

/** Lists the properties of an array without its elements. It calls no getter, and no function of the program. */
function outlined(array: unknown): string {
  return inspect(array, { customInspect: false, maxArrayLength: 0, depth: 0 })
}

/** Finds a property of a Buffer or a typed array without which it cannot be read as it is. */
export function hiddenPart(array: NodeJS.TypedArray): PropertyKey | undefined {
  return partsOfTypedArray.find((name) => Object.hasOwn(array, name))
}

/** Finds a property that a Map, a Set or a Date has beside its content. */
export function extraOfBuiltIn(value: object): PropertyKey | undefined {
  return Reflect.ownKeys(value)[0]
}

/** Finds a property of a plain object that is not a field: its key is a symbol, or it is not enumerable. */
export function extraOfRecord(record: object, keys: readonly string[]): PropertyKey | undefined {
  const all = Reflect.ownKeys(record)
  if (all.length === keys.length) return undefined
  return all.find((key) => typeof key === 'symbol' || !isEnumerable(record, key))
}

function besideElements(array: object): PropertyKey | undefined {
  return Reflect.ownKeys(array).find((key) => isEnumerable(array, key) && !isIndex(key))
}

function isIndex(key: PropertyKey): boolean {
  return typeof key === 'string' && String(Number(key) >>> 0) === key
}

function isEnumerable(value: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key)
}
