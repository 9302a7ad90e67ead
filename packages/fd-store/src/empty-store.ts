import type { Notifier, NotifyOutcome } from '@shellflip/sd-notify'
import { storedName } from './stored-name.ts'

/**
 * For a service that keeps nothing in the store any more: what its last instance has left there is taken over by this
 * one, and by no other. Else the same state, of the past by then, and sockets that nobody accepts on, would come back at
 * each start.
 */
export async function emptyStore(notifier: Notifier, keys: Iterable<string>): Promise<NotifyOutcome> {
  const outcomes = await Promise.all([...keys].map((key) => notifier.removeFd(storedName(key))))
  return outcomes.find(({ type }) => type === 'failed') ?? { type: 'sent' }
}
