import { maxDepth } from './cbor.ts'
import { extraOfArray, extraOfBuiltIn, extraOfRecord } from './extra-properties.ts'
import { isRecord } from './is-record.ts'
import { describeCause, StateError } from './state-error.ts'

/**
 * Copies the objects, arrays, Maps and Sets of a value, so that a migration can change its input. A schema may return the very objects
 * that the program uses, and the program continues to use them if the upgrade fails.
 *
 * Every other value stays the same object: an external, and a value that cannot be encoded as it is.
 *
 * @throws {StateError} ERR_STATE_NOT_ENCODABLE if a getter throws
 */
export function copyContainers(
  value: unknown,
  isExternal: (value: unknown) => boolean = () => false,
): unknown {
  const copies = new Map<object, object>()

  function copyOf(original: unknown, depth: number): unknown {
    if (typeof original !== 'object' || original === null || depth > maxDepth) return original
    if (isExternal(original)) return original
    return copies.get(original) ?? contentOf(original, depth + 1)
  }

  function contentOf(original: object, depth: number): unknown {
    const prototype: unknown = Object.getPrototypeOf(original)
    const begin = <Copy extends object>(copy: Copy) => {
      copies.set(original, copy)
      return copy
    }
    if (prototype === Array.prototype && Array.isArray(original) && extraOfArray(original) === undefined) {
      const copy = begin(new Array(original.length))
      original.forEach((element, index) => {
        copy[index] = copyOf(element, depth)
      })
      return copy
    }
    if (prototype === Map.prototype && extraOfBuiltIn(original) === undefined) {
      const copy = begin(new Map())
      for (const [key, field] of original as Map<unknown, unknown>)
        copy.set(copyOf(key, depth), copyOf(field, depth))
      return copy
    }
    if (prototype === Set.prototype && extraOfBuiltIn(original) === undefined) {
      const copy = begin(new Set())
      for (const member of original as Set<unknown>) copy.add(copyOf(member, depth))
      return copy
    }
    if (isRecord(original, prototype) && extraOfRecord(original, Object.keys(original)) === undefined) {
      const copy = begin(Object.create(prototype as object | null) as object)
      for (const [key, field] of Object.entries(original)) {
        const property = { value: copyOf(field, depth), enumerable: true, writable: true, configurable: true }
        Object.defineProperty(copy, key, property)
      }
      return copy
    }
    return original
  }

  try {
    return copyOf(value, 0)
  } catch (cause) {
    const message = `the state cannot be read (${describeCause(cause)})`
    throw new StateError('ERR_STATE_NOT_ENCODABLE', message, { cause })
  }
}
