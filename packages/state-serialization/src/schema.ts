import type { ZodType } from 'zod'
import { fieldPath } from './field-path.ts'
import { StateError } from './state-error.ts'

const issuesTold = 5

/** What travels for a value: the schema's input. @throws {StateError} ERR_STATE_INVALID */
export function toWire<T>(schema: ZodType<T>, value: T): unknown {
  return checked(() => schema.safeEncode(value), 'cannot be saved')
}

/** The value of what travelled: the schema's output. @throws {StateError} ERR_STATE_INVALID */
export function fromWire<T>(schema: ZodType<T>, wire: unknown): T {
  return checked(() => schema.safeParse(wire), 'is refused')
}

type Checked<T> = { success: true; data: T } | { success: false; error: Error }

function checked<T>(check: () => Checked<T>, problem: string): T {
  const result = attempt(check)
  if (result.success) return result.data
  const { error: cause } = result
  throw new StateError('ERR_STATE_INVALID', `the state ${problem} by its schema: ${describe(cause)}`, {
    cause,
  })
}

/** A schema can throw as well: a recursive one on what is nested too deep, an asynchronous one, a transform. */
function attempt<T>(check: () => Checked<T>): Checked<T> {
  try {
    return check()
  } catch (error) {
    return { success: false, error: error as Error }
  }
}

type Issue = { path: readonly PropertyKey[]; message: string }

function describe(error: Error & { issues?: readonly Issue[] }): string {
  if (error.issues === undefined) return error.message
  const told = error.issues
    .slice(0, issuesTold)
    .map(({ path, message }) => `${fieldPath(path)}: ${message.replaceAll('\n', ' ')}`)
  const more = error.issues.length - told.length
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
