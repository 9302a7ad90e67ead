import { expect, it } from 'vitest'
import { type StopCause, sameStopForMs } from './stop-cause.ts'

it.each<[StopCause, number]>([
  ['SIGTERM', 5_000],
  ['SIGINT', 500],
  ['SIGQUIT', 500],
  ['SIGHUP', Number.POSITIVE_INFINITY],
  ['request', Number.POSITIVE_INFINITY],
  ['request-now', -1],
  ['fault', -1],
])('%s is the same stop for %d ms', (cause, milliseconds) => {
  expect(sameStopForMs(cause, 'SIGTERM')).toBe(milliseconds)
})
