import { types } from 'node:util'
import type { OfferedState } from '@shellflip/handover'
import { isThenable, messageOf } from '@shellflip/internal'
import type { AnyFlipOptions } from './flip-options.ts'
import { invalidArgument } from './shellflip-error.ts'

const promised = 'save() must return the state, not a promise. It is called when the successor has started'

/**
 * Refuses what would fail at the first upgrade:
 *
 * - a schema in the place of a definition
 * - a `save` that cannot return what the definition takes
 * - one option without the other
 *
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT
 */
export function checkStateOptions({ state, save, fromRust, toRust }: AnyFlipOptions): void {
  if (state === undefined) {
    if (save !== undefined)
      throw invalidArgument('save needs state. Pass what defineState() or defineStateStream() returns.')
    if (fromRust !== undefined)
      throw invalidArgument('fromRust needs state and save. What fromRust returns becomes flip.state.')
    if (toRust !== undefined)
      throw invalidArgument('toRust needs state and save. It encodes what save returns.')
    return
  }
  if (save === undefined) throw invalidArgument('state needs save. Pass a function that returns the state.')
  if (!isDefinition(state)) {
    throw invalidArgument('state must be what defineState() or defineStateStream() returns')
  }
  const isGenerator = types.isGeneratorFunction(save)
  if (types.isAsyncFunction(save) && !isGenerator) throw invalidArgument(promised)
  if (isGenerator && state.form === 'value') {
    throw invalidArgument('save must return one value, not yield items. Use defineStateStream() for items')
  }
}

function isDefinition(state: unknown): boolean {
  const { form, encode, encodeTo, decode } = state as Record<string, unknown>
  const isValue = form === 'value' && typeof encodeTo === 'function'
  return (isValue || form === 'items') && typeof encode === 'function' && typeof decode === 'function'
}

/** Returns the program's state. It calls `save` only when the state is needed. */
export function savedState({ state: definition, save }: AnyFlipOptions): OfferedState<unknown> | undefined {
  if (definition === undefined) return undefined
  if (definition.form === 'items') {
    return {
      definition,
      get items() {
        return iterable(saved(save))
      },
    }
  }
  return {
    definition,
    get value() {
      return saved(save)
    },
  }
}

/**
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT
 * @throws {Error} if `save` throws. The message names it
 */
function saved(save: AnyFlipOptions['save']): unknown {
  let state: unknown
  try {
    state = save?.()
  } catch (cause) {
    throw new Error(`save() failed: ${messageOf(cause)}`, { cause })
  }
  return synchronous(state)
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
function synchronous(saved: unknown): unknown {
  if (!isThenable(saved)) return saved
  // Not `then()`, because that would start a database query.
  if (types.isPromise(saved)) saved.catch(() => {})
  throw invalidArgument(promised)
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
function iterable(saved: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  const given = Object(saved) as Partial<Iterable<unknown> & AsyncIterable<unknown>>
  if (given[Symbol.iterator] !== undefined || given[Symbol.asyncIterator] !== undefined) {
    return saved as Iterable<unknown>
  }
  throw invalidArgument('save() must return an iterable of items, since the state is a stream')
}
