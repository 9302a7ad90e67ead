import { expect, test } from 'vitest'
import { KeyCache } from './key-cache.ts'

const find = (cache: KeyCache, text: string) => {
  const bytes = Buffer.from(text)
  return cache.find(bytes, 0, bytes.length)
}
const keep = (cache: KeyCache, text: string) => {
  const bytes = Buffer.from(text)
  cache.keep(text, bytes, 0, bytes.length)
}

test('finds a key that was kept', () => {
  const cache = new KeyCache()
  expect(find(cache, 'name')).toBeUndefined()
  keep(cache, 'name')
  expect(find(cache, 'name')).toBe('name')
})

test('tells two keys of one place apart', () => {
  const cache = new KeyCache()
  // The first, the middle and the last byte are the same, and so is the length.
  keep(cache, 'abxdefg')
  expect(find(cache, 'aczdeeg')).toBeUndefined()
  keep(cache, 'aczdefg')
  expect([find(cache, 'abxdefg'), find(cache, 'aczdefg')]).toEqual([undefined, 'aczdefg'])
})

test('keeps a key whose bytes are overwritten afterwards', () => {
  const cache = new KeyCache()
  const bytes = Buffer.from('first')
  cache.keep('first', bytes, 0, 5)
  bytes.write('other')
  expect(find(cache, 'first')).toBe('first')
  expect(find(cache, 'other')).toBeUndefined()
})

test('leaves out an empty key, and a long one', () => {
  const cache = new KeyCache()
  for (const text of ['', 'k'.repeat(33)]) {
    keep(cache, text)
    expect(find(cache, text)).toBeUndefined()
  }
})
