import { types } from 'node:util'
import { isTwoWaySchema } from '@shellflip/internal'
import { fieldPath } from './field-path.ts'
import { StateError } from './state-error.ts'

const usable = "Use a schema of zod ^4.1.0: import { z } from 'zod'"

/**
 * Refuses a schema that would fail at the first upgrade: one that cannot encode, or that contains a one-way part.
 *
 * @throws {StateError} ERR_INVALID_ARGUMENT
 */
export function checkSchema(name: string, schema: unknown): void {
  if (!isTwoWaySchema(schema)) throw unusable(name, `is ${kindOf(schema)}. ${usable}`)
  const part = oneWayPart(schema)
  if (part !== undefined) throw unusable(name, part)
}

function unusable(name: string, why: string): StateError {
  return new StateError('ERR_INVALID_ARGUMENT', `the schema of ${name} ${why}`)
}

/** The properties that distinguish schemas of zod 3, zod 4, zod/mini and of other libraries. */
type AnySchema = {
  readonly optional?: unknown
  readonly _def?: unknown
  readonly _zod?: { readonly def: Definition; readonly version?: { major: number; minor: number } }
  readonly '~standard'?: { readonly vendor?: unknown }
}

type Definition = Readonly<Record<string, unknown>> & { readonly type?: string }

function kindOf(given: unknown): string {
  if (!isObject(given)) return `${given === null ? 'null' : typeof given}, not a schema`
  const { _zod: internals, _def, optional, '~standard': standard } = given as AnySchema
  if (internals !== undefined && typeof optional !== 'function') return 'of zod/mini, which cannot encode'
  if (internals !== undefined) {
    const { major, minor } = internals.version ?? { major: 4, minor: 0 }
    return `of zod ${major}.${minor}, which cannot encode`
  }
  if (typeof standard?.vendor === 'string' && standard.vendor !== 'zod') {
    return `of ${standard.vendor}, which cannot encode`
  }
  if (_def !== undefined) return 'of zod 3, which cannot encode'
  return 'an object without safeParse() and safeEncode()'
}

/** The types of parts that no value can be encoded by. */
const oneWay: Readonly<Record<string, string>> = {
  transform: 'a transform cannot be reversed. Use z.codec()',
  success: 'z.success() cannot be reversed. Use z.codec()',
  promise: 'a promise cannot be encoded. Await it first',
}

/** A schema may make new parts for ever, each time that one is looked at. */
const maxParts = 1_000

/** Names the first part of a schema that a value cannot be encoded by. */
function oneWayPart(schema: object): string | undefined {
  const seen = new Set<unknown>()
  const open: Part[] = [{ part: schema, path: [] }]
  for (const { part, path } of open) {
    const definition = definitionOf(part)
    if (definition === undefined || seen.has(part)) continue
    if (seen.add(part).size > maxParts) return undefined
    const why = oneWay[definition.type ?? ''] ?? asynchronous(definition)
    if (why !== undefined) return `cannot encode ${fieldPath(path)}: ${why}`
    open.push(...partsOf(definition, path))
  }
  return undefined
}

function definitionOf(part: unknown): Definition | undefined {
  if (!isObject(part)) return undefined
  const { _zod: internals } = part as AnySchema
  return isObject(internals) && isObject(internals.def) ? internals.def : undefined
}

function asynchronous(definition: Definition): string | undefined {
  return entriesOf(definition).some(([, value]) => types.isAsyncFunction(value))
    ? 'one of its functions is asynchronous. Use one that returns its result'
    : undefined
}

type Part = { part: unknown; path: readonly PropertyKey[] }

/** A `z.lazy()` stays closed: what it refers to may not be there yet. */
function partsOf(definition: Definition, path: readonly PropertyKey[]): Part[] {
  return entriesOf(definition).flatMap(([name, value]) => {
    if (name === 'shape') return entriesOf(value).map(([key, part]) => ({ part, path: [...path, key] }))
    return (Array.isArray(value) ? value : [value]).map((part) => ({ part, path }))
  })
}

/** The properties that can be read. A getter of a recursive schema may refer to what is not there yet. */
function entriesOf(object: unknown): [string, unknown][] {
  if (!isObject(object)) return []
  return Object.keys(object).flatMap((key) => {
    try {
      return [[key, (object as Record<string, unknown>)[key]]]
    } catch {
      return []
    }
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
