import type { StateIdentity } from '@shellflip/state-serialization'
import { HandoverError } from './handover-error.ts'
import { stateFailure } from './handover-failure.ts'
import type { Hello } from './messages.ts'
import type { OfferedState } from './offer.ts'
import type { OutgoingState } from './outgoing-state.ts'

/** State in a version that the successor understands. */
export type ReadableState = {
  /** Its entry in the manifest. */
  readonly identity: StateIdentity
  /**
   * Encodes it and sends it.
   *
   * @returns false if the successor no longer receives
   * @throws {HandoverFailed} if the state cannot be encoded. Its failure has the type `state`
   */
  give(outgoing: OutgoingState): Promise<boolean>
}

/** @throws {HandoverFailed} if the successor does not define the state. Its failure has the type `state` */
export function stateFor<T>({ accepts }: Hello, state: OfferedState<T>): ReadableState {
  const { name, version } = state.definition
  const readerVersion = Object.hasOwn(accepts, name) ? accepts[name] : undefined
  if (readerVersion === undefined) throw stateFailure(unknownState(name))
  return {
    identity: { name, version: Math.min(version, readerVersion) },
    give: (outgoing) =>
      'items' in state
        ? outgoing.sendItems(state.definition, () => state.items, readerVersion)
        : outgoing.sendValue(state.definition, () => state.value, readerVersion),
  }
}

function unknownState(name: string): HandoverError {
  return new HandoverError(
    'ERR_STATE',
    `the successor does not define the state "${name}". Define it there, if only to drop it`,
  )
}
