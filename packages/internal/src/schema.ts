/** The outcome of a check of a value. */
export type Checked<T> = { success: true; data: T } | { success: false; error: Error }

/**
 * Describes the part of a schema that is used to check a value at both ends of its way. Each schema of zod ^4.1.0 has it.
 *
 * The types name no more than that. zod's own generic types are slow to compare, and two copies of zod in one project do
 * not fit each other.
 */
export type TwoWaySchema<T> = {
  /** Checks what came. */
  safeParse(wire: unknown): Checked<T>
} & (
  | {
      /** Checks what is to go. */
      safeEncode(value: T): Checked<unknown>
    }
  /** zod 4.1.0 can encode, but its schemas lack the method. */
  | { readonly _zod: { readonly version: { readonly major: 4; readonly minor: 1 } } }
)

/** Gives what travels for a value, checked by its schema. */
export function safeEncode<T>(schema: TwoWaySchema<T>, value: T): Checked<unknown> {
  if ('safeEncode' in schema) return schema.safeEncode(value)
  const { safeParse } = schema as {
    safeParse(value: T, context: { direction: 'backward' }): Checked<unknown>
  }
  return safeParse(value, { direction: 'backward' })
}

/** Tells whether a value has the methods of a schema that encodes. A schema of zod/mini has not. */
export function isTwoWaySchema(value: unknown): value is TwoWaySchema<unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { safeParse, safeEncode, optional, _zod } = value as Partial<Record<string, unknown>> & {
    readonly _zod?: { readonly version?: { readonly major: unknown; readonly minor: unknown } }
  }
  if (typeof safeParse !== 'function') return false
  if (typeof safeEncode === 'function') return true
  return typeof optional === 'function' && _zod?.version?.major === 4 && _zod.version.minor === 1
}
