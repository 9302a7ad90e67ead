import { kinds } from '../sockets/socket-key.ts'
import type { AttemptUpgrade } from '../upgrade.ts'
import type { FdStore } from './fd-store.ts'

/**
 * An upgrade where nobody is alive in between: state and sockets go into the store, this process ends, and the service
 * manager starts the next one. That the state can be saved shows before anything stops.
 */
export function attemptByStore(store: FdStore): AttemptUpgrade {
  return async ({ offer: { sockets, state } }) => {
    try {
      await store.keepSockets(sockets.filter(({ name }) => !name.startsWith(kinds.draining)))
      if (state !== undefined) await store.saveState(state)
      await store.settled()
      return { type: 'stored' }
    } catch (error) {
      return { type: 'failed', failure: { type: 'state', error: error as Error } }
    }
  }
}
