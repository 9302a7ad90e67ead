import { expect, test } from 'vitest'
import { escapeUnprintable, oneLine } from './printable.ts'

test.each([
  ['letters é, marks e\u0301, signs €, 😀', 'letters é, marks e\u0301, signs €, 😀'],
  ['\x1b[2J\x07', '\\x1b[2J\\a'],
  ['a C1 control \x9b31m', 'a C1 control \\u009b31m'],
  ['\u202egnp.exe\u2066\u2069\u200f\u061c', '\\u202egnp.exe\\u2066\\u2069\\u200f\\u061c'],
  ['two\r\nlines\u2028', 'two\\r\\nlines\\u2028'],
  ['half a character \ud83d', 'half a character \\ud83d'],
  ['a tag \u{e0001}', 'a tag \\U000e0001'],
])('%j is shown as %j', (text, shown) => {
  expect(escapeUnprintable(text)).toBe(shown)
  expect(escapeUnprintable(shown)).toBe(shown)
})

test('several lines become one', () => {
  expect(oneLine('  no\n\troom \x1b[2J\u2028left\r\n')).toBe('no room \\x1b[2J left')
})
