import type { Notifier, NotifyOutcome } from '@shellflip/sd-notify'
import { storedName } from './stored-name.ts'

/**
 * Empties the store of a service that no longer keeps anything there. This instance takes over what its last instance has left, and no
 * other one does. Otherwise the same outdated state would come back at each start, and so would sockets that no process accepts on.
 */
export async function emptyStore(notifier: Notifier, keys: Iterable<string>): Promise<NotifyOutcome> {
  const outcomes = await Promise.all([...keys].map((key) => notifier.removeFd(storedName(key))))
  return outcomes.find(({ type }) => type === 'failed') ?? { type: 'sent' }
}
