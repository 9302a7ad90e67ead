/** What a check of a value gives. */
export type Checked<T> = { success: true; data: T } | { success: false; error: Error }

/**
 * Describes the part of a schema that this package uses. Each schema of zod ^4.1.0 has it.
 *
 * The types name no more than that. zod's own generic types are slow to compare, and two copies of zod in one project do
 * not fit each other.
 */
export type StateSchema<T> = {
  /** Checks what was decoded. */
  safeParse(wire: unknown): Checked<T>
} & (
  | {
      /** Checks what is to be encoded. */
      safeEncode(value: T): Checked<unknown>
    }
  /** zod 4.1.0 encodes, and has no method for it. */
  | { readonly _zod: { readonly version: { readonly major: 4; readonly minor: 1 } } }
)
