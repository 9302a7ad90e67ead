import { types } from 'node:util'

/** Tells a plain object. Built-in objects are of their type whatever their prototype was set to. */
export function isRecord(value: object, prototype: unknown): value is Record<string, unknown> {
  if (!isPlainPrototype(prototype)) return false
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    !types.isMap(value) &&
    !types.isSet(value) &&
    !types.isPromise(value) &&
    !types.isAnyArrayBuffer(value) &&
    !types.isBoxedPrimitive(value) &&
    !types.isWeakMap(value) &&
    !types.isWeakSet(value) &&
    !ArrayBuffer.isView(value)
  )
}

export function isPlainPrototype(prototype: unknown): boolean {
  return prototype === Object.prototype || prototype === null
}
