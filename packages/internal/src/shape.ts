import type { Checked } from './schema.ts'

/**
 * Describes JSON that two programs exchange. It has the methods of zod that our packages use, and costs nothing at a start, where zod costs
 * more than all the rest of a supervisor. Unknown properties are left out, so that a later version can add some.
 */
export type Shape<T> = {
  /** @throws {TypeError} if the value differs. The message names the property */
  parse(value: unknown): T
  safeParse(value: unknown): Checked<T>
  safeEncode(value: T): Checked<unknown>
}

export type ShapeOf<S> = S extends Shape<infer T> ? T : never

type Fields = Readonly<Record<string, Shape<unknown>>>
type OptionalName<F extends Fields> = {
  [Name in keyof F]: undefined extends ShapeOf<F[Name]> ? Name : never
}[keyof F]
type ObjectOf<F extends Fields> = {
  [Name in Exclude<keyof F, OptionalName<F>>]: ShapeOf<F[Name]>
} & { [Name in OptionalName<F>]?: ShapeOf<F[Name]> } extends infer O
  ? { [Name in keyof O]: O[Name] }
  : never

/** The place of a fault in the value that is checked: `generations.0.pid`. */
class ShapeFault extends TypeError {
  readonly #expected: string
  readonly #place: readonly string[]

  constructor(expected: string, place: readonly string[] = []) {
    super(`${place.length === 0 ? 'it' : place.join('.')} must be ${expected}`)
    this.#expected = expected
    this.#place = place
  }

  within(name: string): ShapeFault {
    return new ShapeFault(this.#expected, [name, ...this.#place])
  }
}

function shape<T>(parse: (value: unknown) => T): Shape<T> {
  const safeParse = (value: unknown): Checked<T> => {
    try {
      return { success: true, data: parse(value) }
    } catch (error) {
      return { success: false, error: error as Error }
    }
  }
  return { parse, safeParse, safeEncode: safeParse }
}

function matching<T>(expected: string, matches: (value: unknown) => boolean): Shape<T> {
  return shape((value) => {
    if (matches(value)) return value as T
    throw new ShapeFault(expected)
  })
}

function at<T>(name: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof ShapeFault ? error.within(name) : error
  }
}

export const string = matching<string>('a string', (value) => typeof value === 'string')
export const boolean = matching<boolean>('a boolean', (value) => typeof value === 'boolean')
export const number = matching<number>('a number', (value) => Number.isFinite(value))

/** A time as `Date.toISOString()` writes it. */
export const dateTime = matching<string>(
  'a date and time in UTC',
  (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value)),
)

export function integer(least = Number.MIN_SAFE_INTEGER): Shape<number> {
  const expected = least === Number.MIN_SAFE_INTEGER ? 'an integer' : `an integer from ${least} on`
  return matching(expected, (value) => Number.isSafeInteger(value) && (value as number) >= least)
}

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return matching(`one of "${values.join('", "')}"`, (value) => values.includes(value as T))
}

export function optional<T>(inner: Shape<T>): Shape<T | undefined> {
  return shape((value) => (value === undefined ? undefined : inner.parse(value)))
}

export function arrayOf<T>(inner: Shape<T>): Shape<T[]> {
  return shape((value) => {
    if (!Array.isArray(value)) throw new ShapeFault('an array')
    return value.map((item, index) => at(String(index), () => inner.parse(item)))
  })
}

export function object<F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  const entries = Object.entries(fields)
  return shape((value) => {
    const given = properties(value)
    const found: Record<string, unknown> = {}
    for (const [name, field] of entries) {
      const parsed = at(name, () => field.parse(given[name]))
      if (parsed !== undefined) found[name] = parsed
    }
    return found as ObjectOf<F>
  })
}

/** An object whose `type` tells which other properties it has. */
export function variants<V extends Readonly<Record<string, Fields>>>(
  byType: V,
): Shape<{ [Type in keyof V & string]: ObjectOf<V[Type] & { type: Shape<Type> }> }[keyof V & string]> {
  const shapes = new Map(Object.entries(byType).map(([type, fields]) => [type, object(fields)]))
  const types = oneOf(...shapes.keys())
  return shape((value) => {
    const type = at('type', () => types.parse(properties(value).type))
    return { type, ...shapes.get(type)?.parse(value) } as never
  })
}

function properties(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeFault('an object')
  return value as Record<string, unknown>
}
