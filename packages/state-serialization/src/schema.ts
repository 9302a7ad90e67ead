import { type Checked, safeEncode } from '@shellflip/internal'
import { fieldPath } from './field-path.ts'
import type { SchemaWay } from './schema-way.ts'
import { describeCause, StateError } from './state-error.ts'
import type { StateSchema } from './state-schema.ts'

const issuesTold = 5

/**
 * Gives what travels for a value: the schema's input.
 *
 * @param at where the value is in the state
 * @throws {StateError} ERR_STATE_INVALID
 */
export function toWire<T>(
  schema: StateSchema<T>,
  value: T,
  at: readonly PropertyKey[],
  { isSymmetric }: Pick<SchemaWay, 'isSymmetric'>,
): unknown {
  const check = () => (isSymmetric ? schema.safeParse(value) : safeEncode(schema, value))
  return checked(check, 'cannot be saved', at)
}

/**
 * Gives the value of what travelled: the schema's output.
 *
 * @param at where the value is in the state
 * @throws {StateError} ERR_STATE_INVALID
 */
export function fromWire<T>(schema: StateSchema<T>, wire: unknown, at: readonly PropertyKey[]): T {
  return checked(() => schema.safeParse(wire), 'is refused', at)
}

function checked<T>(check: () => Checked<T>, problem: string, at: readonly PropertyKey[]): T {
  const result = attempt(check)
  if (result.success) return result.data
  const { error: cause } = result
  throw new StateError('ERR_STATE_INVALID', `the state ${problem} by its schema: ${describe(cause, at)}`, {
    cause,
  })
}

/** A schema can throw as well: a recursive one on what is nested too deep, an asynchronous one, a transform. */
function attempt<T>(check: () => Checked<T>): Checked<T> {
  try {
    return check()
  } catch (error) {
    return { success: false, error: error instanceof Error ? error : new Error(describeCause(error)) }
  }
}

type Issue = { path: readonly PropertyKey[]; message: string }

function describe(error: Error & { issues?: readonly Issue[] }, at: readonly PropertyKey[]): string {
  if (error.issues === undefined) return error.message
  const told = error.issues
    .slice(0, issuesTold)
    .map(({ path, message }) => `${fieldPath([...at, ...path])}: ${message.replaceAll('\n', ' ')}`)
  const more = error.issues.length - told.length
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
