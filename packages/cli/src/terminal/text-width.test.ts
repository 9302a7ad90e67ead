import { expect, it } from 'vitest'
import { cutToWidth, stringWidth } from './text-width.ts'

it.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['日本語', 6, '日本語'],
  ['日本語', 5, '日本…'],
  // A half of a wide character cannot be shown.
  ['日本語', 4, '日…'],
  ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ['👩‍👩‍👧‍👦👍🏽x', 4, '👩‍👩‍👧‍👦…'],
  ['anything', 0, ''],
])('cuts %j to %i columns', (text, width, cut) => {
  expect(cutToWidth(text, width)).toBe(cut)
  expect(stringWidth(cut)).toBeLessThanOrEqual(width)
})
