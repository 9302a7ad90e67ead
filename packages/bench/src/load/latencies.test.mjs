import { expect, test } from 'vitest'
import { Latencies } from './latencies.mjs'

test.each([0.1, 1, 100, 10_000])('quantiles up to %d ms are right to 2%', (scaleMs) => {
  const latencies = new Latencies()
  for (let n = 1; n <= 1_000; n++) latencies.record((n * scaleMs) / 1_000)
  const { p50, p99, p999, max } = latencies.summary
  const resolutionMs = 0.001
  expect(max).toBe(scaleMs)
  for (const [share, value] of [
    [0.5, p50],
    [0.99, p99],
    [0.999, p999],
  ]) {
    expect(value).toBeGreaterThanOrEqual(share * scaleMs - resolutionMs)
    expect(value).toBeLessThanOrEqual(share * scaleMs * 1.02 + resolutionMs)
  }
})

test('merging two histograms is the same as recording both', () => {
  const [low, high, both] = [new Latencies(), new Latencies(), new Latencies()]
  for (let ms = 1; ms <= 100; ms++) {
    for (const one of [ms <= 50 ? low : high, both]) one.record(ms)
  }
  expect(new Latencies().merge(low.sparse).merge(high.sparse).summary).toEqual(both.summary)
})

test('nothing recorded has no quantiles', () => {
  expect(new Latencies().summary).toEqual({ p50: null, p99: null, p999: null, max: null })
})
