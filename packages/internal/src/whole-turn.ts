import { setImmediate as nextCheck } from 'node:timers/promises'

/**
 * Waits for one whole turn of the event loop, so that everything that Node and the system have queued is delivered. The first check phase
 * ends the current turn. The second one ends a whole turn.
 */
export async function wholeTurn(): Promise<void> {
  await nextCheck()
  await nextCheck()
}
