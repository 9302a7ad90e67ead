import { expect, it } from 'vitest'
import { showBytes } from './bytes.ts'

it.each([
  ['café 😀', 'café 😀'],
  [Buffer.from('café 😀'), 'café 😀'],
  [Buffer.from('caf\xe9', 'latin1'), 'caf\\xe9'],
  [Buffer.from('\xe9\xc3\xa9\xff', 'latin1'), '\\xe9é\\xff'],
  [Buffer.from('\xf0\x9f\x98', 'latin1'), '\\xf0\\x9f\\x98'],
])('shows %j as %s', (bytes, text) => {
  expect(showBytes(bytes)).toBe(text)
})
