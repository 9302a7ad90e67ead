import { expect, test } from 'vitest'
import { sharedNow } from '../load/clock.mjs'
import { sinceTrigger, untilOnlyNew } from './only-new.mjs'

test('a generation is old if it has answered before the trigger', () => {
  const ids = [
    ['1', { firstAt: 10, lastAt: 130 }],
    ['2', { firstAt: 120, lastAt: 500 }],
  ]
  expect(sinceTrigger(ids, 100)).toEqual({ hasNew: true, firstNewMs: 20, lastOldMs: 30 })
  expect(sinceTrigger(ids, 600)).toEqual({ hasNew: false, firstNewMs: null, lastOldMs: 0 })
})

test('an old generation that answers to the end has no time', async () => {
  const triggeredAt = sharedNow()
  const ids = async () => [
    ['1', { firstAt: triggeredAt - 1, lastAt: sharedNow() }],
    ['2', { firstAt: triggeredAt + 5, lastAt: sharedNow() }],
  ]
  const seen = await untilOnlyNew({ load: { ids }, triggeredAt, atLeastMs: 10, atMostMs: 50, settledMs: 20 })
  expect(seen).toEqual({ firstNewMs: 5, onlyNewMs: null })
})
