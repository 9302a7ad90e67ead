import { setImmediate as nextCheck } from 'node:timers/promises'

/**
 * Waits until the event loop has turned once: what Node and the system have queued by now has come. The first check phase ends the turn
 * under way, the second one a whole turn.
 */
export async function wholeTurn(): Promise<void> {
  await nextCheck()
  await nextCheck()
}
