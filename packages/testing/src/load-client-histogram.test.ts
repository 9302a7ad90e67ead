import { expect, test } from 'vitest'
import { LatencyHistogram } from './load-client-histogram.ts'

test('quantiles are right to 4 percent, over the whole range', () => {
  for (const scaleMs of [0.01, 1, 100, 10_000]) {
    const histogram = new LatencyHistogram()
    for (let n = 1; n <= 1_000; n++) histogram.record((n * scaleMs) / 1_000)
    for (const share of [0.5, 0.99]) {
      const exact = share * scaleMs
      expect(histogram.quantileMs(share)).toBeGreaterThanOrEqual(exact * 0.89)
      expect(histogram.quantileMs(share)).toBeLessThanOrEqual(exact * 1.04 + 0.001)
    }
    expect(histogram.maxMs).toBe(scaleMs)
  }
})

test('what is beyond the range is counted in the last bucket', () => {
  const histogram = new LatencyHistogram()
  histogram.record(10 ** 9)
  histogram.record(0)
  expect(histogram.quantileMs(0.5)).toBe(0)
  expect(histogram.quantileMs(1)).toBeGreaterThan(4_000_000)
})

test('without a record all is 0', () => {
  expect(new LatencyHistogram().quantileMs(0.99)).toBe(0)
})
