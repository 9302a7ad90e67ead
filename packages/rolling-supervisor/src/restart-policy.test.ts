import type { GenerationFailure } from '@shellflip/generation'
import { expect, test } from 'vitest'
import { RestartPolicy } from './restart-policy.ts'

const exitedWith = (code: number, beforeReady = false): GenerationFailure => ({
  type: 'exited',
  beforeReady,
  code,
  signal: null,
})

test('delays double from 100 ms, and the sixth end within a minute is the last', () => {
  const policy = new RestartPolicy('on-failure')
  const verdicts = [0, 1, 2, 3, 4, 5].map((second) => policy.judge(exitedWith(1), second * 1000))
  expect(verdicts.map((verdict) => (verdict.type === 'restart' ? verdict.delayMs : verdict.type))).toEqual([
    100,
    200,
    400,
    800,
    1600,
    'give-up',
  ])
})

test('a delay is 10 s at most, and 100 ms again after a quiet minute', () => {
  const policy = new RestartPolicy('always')
  const delays = Array.from({ length: 10 }, (_, index) => policy.judge(exitedWith(0), index * 20_000))
  expect(delays.at(-1)).toEqual({ type: 'restart', delayMs: 10_000 })
  expect(policy.judge(exitedWith(0), 9 * 20_000 + 60_000)).toEqual({ type: 'restart', delayMs: 100 })
})

test('an exit with 0 is the end, unless it always restarts; never restarts nothing', () => {
  expect(new RestartPolicy('on-failure').judge(exitedWith(0), 0)).toEqual({ type: 'end' })
  expect(new RestartPolicy('always').judge(exitedWith(0), 0)).toEqual({ type: 'restart', delayMs: 100 })
  expect(new RestartPolicy('never').judge(exitedWith(1), 0)).toEqual({ type: 'end' })
  expect(new RestartPolicy('on-failure').judge({ type: 'hung', timeoutMs: 1 }, 0)).toMatchObject({
    type: 'restart',
  })
})

test('an exit with 0 before readiness is a failure like any other', () => {
  expect(new RestartPolicy('on-failure').judge(exitedWith(0, true), 0)).toMatchObject({ type: 'restart' })
})
