import { expect, test } from 'vitest'
import { placesOf } from './check-words.mjs'
import { retiredWords } from './retired-words.mjs'

const estate = { word: 'estate', use: 'x' }
const socket = { word: 'restart-socket', use: 'control socket' }

test.each([
  ['estate', 1],
  ['Estate of estateOf(newEstate) as EstateHolder', 4],
  ['restate the estates', 0],
])('%j holds the word estate %i times', (line, count) => {
  expect(placesOf(estate, 'a.ts', line)).toHaveLength(count)
})

test.each([
  'restartSocket',
  'RestartSocket',
  'restart-socket',
  'RESTART: restart_socket',
  'theRestartSocket',
])('%j is a spelling of restart-socket', (line) => {
  expect(placesOf(socket, 'a.ts', line)).toEqual([{ file: 'a.ts', line: 1, text: line }])
})

test('one word without a capital is another word', () => {
  expect(placesOf({ word: 'hand-over', use: 'x' }, 'a.ts', 'handover Handover handOver')).toHaveLength(1)
})

test('a phrase is a spelling only where the entry says so', () => {
  expect(placesOf(socket, 'a.md', 'the restart socket')).toHaveLength(0)
  expect(placesOf({ ...socket, phrase: true }, 'a.md', 'the restart socket')).toHaveLength(1)
})

test('finds a word in the name of a file, and only in the paths of its entry', () => {
  expect(placesOf(estate, 'src/estate.ts', '')).toEqual([
    { file: 'src/estate.ts', line: 0, text: '(its name)' },
  ])
  expect(placesOf({ ...estate, only: /^docs\// }, 'src/estate.ts', 'estate')).toEqual([])
})

test('each word is retired once, and has another in its place', () => {
  expect(new Set(retiredWords.map(({ word }) => word)).size).toBe(retiredWords.length)
  for (const { word, use } of retiredWords) expect(use, word).not.toBe('')
})
