import { asError } from '@shellflip/internal'
import type { StateIdentity } from '@shellflip/state-serialization'
import { HandoverError } from './handover-error.ts'
import { HandoverFailed } from './handover-failure.ts'
import type { Hello } from './messages.ts'
import type { OfferedState } from './offer.ts'

/** State in a version that the successor understands, and its entry in the manifest. */
export type EncodedOffer = { readonly identity: StateIdentity; readonly chunks: AsyncIterable<Buffer> }

/** @throws {HandoverFailed} if the state cannot be encoded. Its failure has the type `state` */
export function encodeFor<T>({ accepts }: Hello, state: OfferedState<T>): EncodedOffer {
  const { name, version } = state.definition
  const readerVersion = Object.hasOwn(accepts, name) ? accepts[name] : undefined
  try {
    if (readerVersion === undefined) throw unknownState(name)
    const options = { readerVersion }
    const chunks =
      'items' in state
        ? state.definition.encode(state.items, options)
        : state.definition.encode(state.value, options)
    return { identity: { name, version: Math.min(version, readerVersion) }, chunks: failing(chunks) }
  } catch (error) {
    throw stateFailure(error)
  }
}

/** Encodes the items while they are sent, so that a failure can come then. */
async function* failing(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await iterator.next().catch((error: unknown) => {
        throw stateFailure(error)
      })
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

function stateFailure(error: unknown): HandoverFailed {
  return new HandoverFailed({ type: 'state', error: asError(error) })
}

function unknownState(name: string): HandoverError {
  return new HandoverError(
    'ERR_STATE',
    `the successor does not define the state "${name}". Define it there, if only to drop it`,
  )
}
