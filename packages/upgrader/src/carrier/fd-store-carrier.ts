import { type FdStore, FdStoreError } from '@shellflip/fd-store'
import type { OfferedState } from '@shellflip/handover'
import { asError, withTimeout } from '@shellflip/internal'
import { SdNotifyError } from '@shellflip/sd-notify'
import type { FlipEnd, UpgradeFailure } from '../outcome.ts'
import { ShellflipError } from '../shellflip-error.ts'
import type { Shutdown } from '../shutdown.ts'
import type { Carrier, CarryOptions, Keeper, UpgradeResult } from './carrier.ts'

/**
 * Carries by systemd's fd store, where no process is alive in between. It puts state and sockets into the store. Then this process exits,
 * and the service manager starts the next one. A state that cannot be saved fails the upgrade before anything stops.
 */
export class FdStoreCarrier implements Carrier {
  readonly keepers: readonly Keeper[]
  readonly #store: FdStore

  constructor(store: FdStore) {
    this.#store = store
    this.keepers = [store]
  }

  async carry({ offer, readyTimeoutMs, signal }: CarryOptions): Promise<UpgradeResult> {
    try {
      await this.#store.keepSockets(offer.sockets)
      if (offer.state !== undefined) await this.#save(offer.state, readyTimeoutMs, signal)
      await this.#store.settled()
      return { type: 'stored' }
    } catch (error) {
      // This process keeps serving, and the state that it saved is soon out of date.
      await this.#store.dropState().catch(() => {})
      return { type: 'failed', failure: failureOf(error, signal) }
    }
  }

  stop(shutdown: Shutdown, reason: string): Promise<FlipEnd> {
    return shutdown.stored(reason, this.#store)
  }

  /** The service manager starts the next process. */
  keepPrepared(): void {}

  /** Limits the time, because the iterable that `save()` returns may never end. */
  #save(state: OfferedState<unknown>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const late = () => new Error(`it could not be saved within ${timeoutMs} ms`)
    return withTimeout({ timeoutMs, signal, late }, (ended) =>
      this.#store.saveState(state, { signal: ended }),
    )
  }
}

function failureOf(thrown: unknown, asked: AbortSignal): UpgradeFailure {
  if (asked.aborted) return { type: 'aborted' }
  const error = asError(thrown)
  const isOurs = [ShellflipError, FdStoreError, SdNotifyError].some((ours) => error instanceof ours)
  return { type: isOurs ? 'system' : 'state', error }
}
