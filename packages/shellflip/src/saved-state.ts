import type { OfferedState } from '@shellflip/handover'
import type { AnyFlipOptions } from './flip-options.ts'

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
      return save?.()
    },
  }
}
