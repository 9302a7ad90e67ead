import { setTimeout as delay } from 'node:timers/promises'
import { sharedNow } from '../load/clock.mjs'

const pollEveryMs = 100

/** How the generations that have answered stand to a moment: which is new, and when an old one answered last. */
export function sinceTrigger(ids, triggeredAt) {
  const old = ids.filter(([, { firstAt }]) => firstAt < triggeredAt)
  const fresh = ids.filter(([, { firstAt }]) => firstAt >= triggeredAt)
  return {
    hasNew: fresh.length > 0,
    firstNewMs: fresh.length > 0 ? Math.min(...fresh.map(([, { firstAt }]) => firstAt)) - triggeredAt : null,
    lastOldMs: Math.max(0, ...old.map(([, { lastAt }]) => lastAt - triggeredAt)),
  }
}

/**
 * Waits until only the new generation has answered for a while, at least `atLeastMs` and at most `atMostMs` after the trigger.
 * `onlyNewMs` is null if an old one still answered by then.
 */
export async function untilOnlyNew({ load, triggeredAt, atLeastMs, atMostMs, settledMs, signal }) {
  for (;;) {
    signal?.throwIfAborted()
    const elapsedMs = sharedNow() - triggeredAt
    const { hasNew, firstNewMs, lastOldMs } = sinceTrigger(await load.ids(), triggeredAt)
    const isSettled = hasNew && elapsedMs - lastOldMs >= settledMs
    if (isSettled && elapsedMs >= atLeastMs) return { firstNewMs, onlyNewMs: Math.max(lastOldMs, firstNewMs) }
    if (elapsedMs >= atMostMs) {
      if (!hasNew) throw new Error(`no new generation answered within ${Math.round(atMostMs / 100) / 10} s`)
      return { firstNewMs, onlyNewMs: null }
    }
    await delay(Math.min(pollEveryMs, Math.max(10, atLeastMs - elapsedMs)))
  }
}
