import type { OfferedState } from '@shellflip/handover'
import type { AnyFlipOptions } from './flip-options.ts'
import { invalidArgument } from './shellflip-error.ts'

/** The program's state, asked for when it is wanted, and not before. */
export function savedState({ state: definition, save }: AnyFlipOptions): OfferedState<unknown> | undefined {
  if (definition === undefined) return undefined
  if (definition.form === 'items') {
    return {
      definition,
      get items() {
        return save?.() as Iterable<unknown>
      },
    }
  }
  return {
    definition,
    get value() {
      return synchronous(save?.())
    },
  }
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
function synchronous(saved: unknown): unknown {
  if (!(saved instanceof Promise)) return saved
  saved.catch(() => {})
  throw invalidArgument(
    'save() must return the state, not a promise. It is called when the successor has started.',
  )
}
