import { types } from 'node:util'
import { nearestName } from './nearest-name.ts'

export { nearestName }

/** The type that an option must have. `undefined` means that the option was not given, and always passes. */
export type OptionType =
  | 'string'
  | 'boolean'
  | 'function'
  | 'object'
  | 'AbortSignal'
  /** A whole number from 0 on. */
  | 'count'
  /** A number from 0 on, in milliseconds. */
  | 'milliseconds'
  /** Checked elsewhere, or not at all. */
  | 'any'

/** The options of a function by name. */
export type OptionTypes<Name extends string = string> = Readonly<Record<Name, OptionType>>

/**
 * Finds an option that the callee does not know: a misspelled one, mostly.
 *
 * @param what the function or the class, as in `listen()`
 * @returns the sentence to throw, such as `listen() has no option "prot". Did you mean "port"?`
 */
export function unknownOptionFault(
  what: string,
  options: object,
  known: readonly string[],
): string | undefined {
  if (!isObject(options)) return `${what} takes its options as an object, not ${show(options)}.`
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return undefined
  const nearest = nearestName(unknown, known)
  const hint = nearest === undefined ? `It has ${list(known)}.` : `Did you mean "${nearest}"?`
  return `${what} has no option ${JSON.stringify(unknown)}. ${hint}`
}

/**
 * Does the same as {@link unknownOptionFault}, and looks for a value of the wrong type as well.
 *
 * @returns the sentence to throw, such as `listen(): host must be a string, not 5.`
 */
export function optionFault(what: string, options: object, optionTypes: OptionTypes): string | undefined {
  const unknown = unknownOptionFault(what, options, Object.keys(optionTypes))
  if (unknown !== undefined) return unknown
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const { expected, test } = rules[optionTypes[name] ?? 'any']
    if (value !== undefined && !test(value))
      return `${what}: ${name} must be ${expected}, not ${show(value)}.`
  }
  return undefined
}

/** Shows briefly a value that a caller passed by mistake. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null) return String(value)
  const name: unknown = value.constructor?.name
  const isNamed = typeof name === 'string' && name !== '' && name !== 'Object'
  return isNamed ? `an object of class ${name}` : 'an object'
}

type Rule = { readonly expected: string; readonly test: (value: unknown) => boolean }

const rules: Record<OptionType, Rule> = {
  string: { expected: 'a string', test: (value) => typeof value === 'string' },
  boolean: { expected: 'true or false', test: (value) => typeof value === 'boolean' },
  function: { expected: 'a function', test: (value) => typeof value === 'function' },
  object: { expected: 'an object', test: isObject },
  AbortSignal: { expected: 'an AbortSignal', test: (value) => value instanceof AbortSignal },
  count: {
    expected: 'a whole number from 0 on',
    test: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  milliseconds: {
    expected: 'a number of milliseconds from 0 on',
    test: (value) => typeof value === 'number' && value >= 0,
  },
  any: { expected: 'anything', test: () => true },
}

/** A Map holds its entries elsewhere, and a promise its value. Read as options, both would be empty. */
function isObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const isOther = [types.isMap, types.isSet, types.isPromise, types.isDate, types.isBoxedPrimitive]
  return !isOther.some((is) => is(value))
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ')
}
