import type { OfferedState } from '@shellflip/handover'
import { SdNotifyError } from '@shellflip/sd-notify'
import type { UpgradeFailure } from '../outcome.ts'
import { ShellflipError } from '../shellflip-error.ts'
import type { AttemptUpgrade } from '../upgrade.ts'
import type { FdStore } from './fd-store.ts'

/**
 * An upgrade where nobody is alive in between: state and sockets go into the store, this process ends, and the service
 * manager starts the next one. That the state can be saved shows before anything stops.
 */
export function attemptByStore(store: FdStore): AttemptUpgrade {
  return async ({ offer: { sockets, state }, readyTimeoutMs, signal }) => {
    try {
      await store.keepSockets(sockets)
      if (state !== undefined) await saveWithin(store, state, readyTimeoutMs, signal)
      await store.settled()
      return { type: 'stored' }
    } catch (error) {
      // This process goes on, and what it has saved is out of date soon.
      await store.dropState().catch(() => {})
      return { type: 'failed', failure: failureOf(error, signal) }
    }
  }
}

/** What `save()` gives may never come to its end. */
async function saveWithin(
  store: FdStore,
  state: OfferedState<unknown>,
  timeoutMs: number,
  asked: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const late = () => over.abort(new Error(`it could not be saved within ${timeoutMs} ms`))
  const timer = setTimeout(late, timeoutMs)
  const signal = AbortSignal.any([asked, over.signal])
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  try {
    signal.throwIfAborted()
    await Promise.race([store.saveState(state, { signal }), aborted])
  } finally {
    clearTimeout(timer)
  }
}

function failureOf(thrown: unknown, asked: AbortSignal): UpgradeFailure {
  if (asked.aborted) return { type: 'aborted' }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const isOurs = error instanceof ShellflipError || error instanceof SdNotifyError
  return { type: isOurs ? 'system' : 'state', error }
}
