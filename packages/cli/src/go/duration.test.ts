import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  // The table of Go's own time_test.go, in milliseconds.
  it.each([
    ['0', 0],
    ['+0', 0],
    ['5s', 5_000],
    ['30s', 30_000],
    ['1478s', 1_478_000],
    ['+5s', 5_000],
    ['5.0s', 5_000],
    ['5.6s', 5_600],
    ['5.s', 5_000],
    ['.5s', 500],
    ['1.0s', 1_000],
    ['1.004s', 1_004],
    ['100.00100s', 100_001],
    ['10ns', 0.000_01],
    ['11us', 0.011],
    ['12µs', 0.012],
    ['12μs', 0.012],
    ['13ms', 13],
    ['14s', 14_000],
    ['15m', 900_000],
    ['16h', 57_600_000],
    ['3h30m', 12_600_000],
    ['10.5s4m', 250_500],
    ['1h2m3s4ms5us6ns', 3_723_004.005_006],
    ['39h9m14.425s', 140_954_425],
    ['0.3333333333333333333h', 1_200_000],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['1m30s', 90_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 5)
  })

  it.each([
    ['', 'it is empty'],
    ['+', 'it is empty'],
    ['-', 'it is empty'],
    ['-5s', 'it is negative'],
    ['3', 'a unit is missing after "3"'],
    ['00', 'a unit is missing after "00"'],
    ['s', 'a number is missing before "s"'],
    ['.', 'a number is missing before "."'],
    ['.s', 'a number is missing before ".s"'],
    ['1 s', '" s" is not a unit'],
    ['10 seconds', '" seconds" is not a unit'],
    ['1d', '"d" is not a unit'],
    ['1constructor', '"constructor" is not a unit'],
    ['5s3', 'a unit is missing after "3"'],
    ['9223372036854775808ns', 'it is longer than 292 years'],
    ['3000000h', 'it is longer than 292 years'],
  ])('refuses "%s": %s', (text, why) => {
    expect(() => parseDuration(text)).toThrow(why)
    expect(() => parseDuration(text)).toThrow('10s, 1m30s')
  })

  it('holds what no timer can hold', () => {
    expect(parseDuration('8760h')).toBe(2 ** 31 - 1)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.000_001, '1ns'],
    [0.0011, '1.1µs'],
    [2.2, '2.2ms'],
    [300, '300ms'],
    [3_300, '3.3s'],
    [10_000, '10s'],
    [60_000, '1m0s'],
    [245_000, '4m5s'],
    [245_001, '4m5.001s'],
    [18_367_001, '5h6m7.001s'],
    [3_600_000, '1h0m0s'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })
})
