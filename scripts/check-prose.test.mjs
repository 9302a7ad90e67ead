import { expect, test } from 'vitest'
import { excesses, lowered, measure } from './check-prose.mjs'
import { sentencesOf } from './prose.mjs'

const document = `
# What a heading says; it does not count

It rolls \`a; b\` and [links](https://example.org/a;b). procroll starts *it*, e.g. under systemd.
Then it ends!

\`\`\`js
const code = 1; // is no prose
\`\`\`

- What remains is drained
- There is no longer a lock; there is no file.

| head | cell |
| --- | --- |
| Of course | short |
`

test('finds the sentences of paragraphs, lists and tables, without code and headings', () => {
  expect(sentencesOf(document).map(({ text, words, line, inTable }) => [line, words, inTable, text])).toEqual(
    [
      [4, 5, false, 'It rolls Code and links.'],
      [4, 6, false, 'procroll starts it, e.g. under systemd.'],
      [4, 3, false, 'Then it ends!'],
      [11, 4, false, 'What remains is drained'],
      [12, 10, false, 'There is no longer a lock; there is no file.'],
      [14, 1, true, 'head'],
      [14, 1, true, 'cell'],
      [16, 2, true, 'Of course'],
      [16, 1, true, 'short'],
    ],
  )
})

test('measures the length of sentences outside tables, and counts what the rules forbid', () => {
  const { figures, places } = measure(sentencesOf(document))
  expect(figures).toEqual({ meanWords: 5.6, p90Words: 10, semicolons: 1, openings: 2, negatedNouns: 1 })
  expect(places.openings.map(({ line }) => line)).toEqual([11, 16])
})

test('a figure above its limit is an excess, and a set without limits meets the targets', () => {
  expect(excesses({ semicolons: 2, meanWords: 13 }, { semicolons: 1, meanWords: 13 })).toEqual([
    { figure: 'semicolons', value: 2, limit: 1 },
  ])
  expect(excesses({ semicolons: 1, p90Words: 24 })).toEqual([{ figure: 'semicolons', value: 1, limit: 0 }])
})

test('limits only go down, as far as the targets', () => {
  expect(
    lowered({ semicolons: 3, openings: 9, meanWords: 16 }, { semicolons: 5, openings: 4, meanWords: 18 }),
  ).toEqual({
    semicolons: 3,
    openings: 4,
    meanWords: 16,
  })
  expect(lowered({ meanWords: 9.7, p90Words: 30 })).toEqual({ meanWords: 14, p90Words: 30 })
})
