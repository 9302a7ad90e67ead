import { asError } from '@shellflip/internal'
import { SdNotifyError } from '@shellflip/sd-notify'
import type { AttemptUpgrade } from '../attempt.ts'
import type { UpgradeFailure } from '../outcome.ts'
import { ShellflipError } from '../shellflip-error.ts'
import { within } from '../within.ts'
import type { FdStore } from './fd-store.ts'

/**
 * An upgrade where nobody is alive in between: state and sockets go into the store, this process ends, and the service
 * manager starts the next one. That the state can be saved shows before anything stops.
 */
export function attemptByStore(store: FdStore): AttemptUpgrade {
  return async ({ offer: { sockets, state }, readyTimeoutMs, signal }) => {
    try {
      await store.keepSockets(sockets)
      if (state !== undefined) {
        // What `save()` gives may never come to its end.
        const late = () => new Error(`it could not be saved within ${readyTimeoutMs} ms`)
        await within({ timeoutMs: readyTimeoutMs, signal, late }, (ended) =>
          store.saveState(state, { signal: ended }),
        )
      }
      await store.settled()
      return { type: 'stored' }
    } catch (error) {
      // This process goes on, and what it has saved is out of date soon.
      await store.dropState().catch(() => {})
      return { type: 'failed', failure: failureOf(error, signal) }
    }
  }
}

function failureOf(thrown: unknown, asked: AbortSignal): UpgradeFailure {
  if (asked.aborted) return { type: 'aborted' }
  const error = asError(thrown)
  const isOurs = error instanceof ShellflipError || error instanceof SdNotifyError
  return { type: isOurs ? 'system' : 'state', error }
}
