// Refuses words that gave way to others (scripts/retired-words.mjs), in file names, code, messages and docs. Counts those that still
// occur.
//
//   node scripts/check-words.mjs           fails where a word that was gone has come back
//   node scripts/check-words.mjs estate    names every place of a word
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { retiredWords } from './retired-words.mjs'
import { trackedFiles } from './tracked-files.mjs'

/** Decisions and changesets tell what was, and tests of peers use the words of peers. */
const history = /^(docs\/decisions|\.changeset)\/|^docs\/peers-tests\.md$|\/peers\/|CHANGELOG\.md$/
const text = /\.(md|[cm]?[jt]s|tsx?|c|h|sh|json|yml|service|socket)$/
const own = /^scripts\/(retired-words|check-prose|check-words(\.test)?)\.mjs$/

/** The pattern of all spellings of a word. */
export function patternOf({ word, phrase = false }) {
  const separator = phrase ? '[-_ ]' : '[-_]'
  const [first, ...rest] = word.split('-').map((part) => ({ initial: part[0], tail: part.slice(1) }))
  const following = rest.map(({ initial, tail }) => {
    const capital = initial.toUpperCase()
    return `(?:${separator}[${initial}${capital}]|${capital})${tail}`
  })
  const lower = `(?<![A-Za-z])[${first.initial}${first.initial.toUpperCase()}]`
  const camel = `(?<=[a-z0-9])${first.initial.toUpperCase()}`
  return new RegExp(`(?:${lower}|${camel})${first.tail}${following.join('')}(?![a-z])`, 'g')
}

/** The places of a word in a file, which may be its name: `{ file, line, text }`, once for each occurrence. */
export function placesOf(retired, file, content) {
  if (retired.only && !retired.only.test(file)) return []
  const pattern = patternOf(retired)
  return [file, ...content.split('\n')].flatMap((text, line) =>
    Array.from(text.matchAll(pattern), () => ({ file, line, text: line === 0 ? '(its name)' : text.trim() })),
  )
}

function searchedFiles(root) {
  return trackedFiles(root)
    .filter((file) => text.test(file) && !history.test(file) && !own.test(file))
    .map((file) => ({ file, content: readFileSync(join(root, file), 'utf8') }))
}

function main(root, asked) {
  const files = searchedFiles(root)
  const found = retiredWords.map((retired) => ({
    ...retired,
    places: files.flatMap(({ file, content }) => placesOf(retired, file, content)),
  }))
  const back = found.filter(({ gone, places }) => gone && places.length > 0)
  for (const { word, use, places } of found.filter((entry) => back.includes(entry) || entry.word === asked)) {
    for (const { file, line, text } of places)
      console.log(`${file}:${line}: ${word} is retired. Use: ${use}. ${text}`)
  }
  for (const { word, use, places } of found.filter(({ gone }) => !gone)) {
    const count =
      places.length === 0 ? 'is gone: set gone in scripts/retired-words.mjs' : `occurs ${places.length} times`
    console.log(`${word} ${count}. Use: ${use}`)
  }
  process.exitCode = back.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(fileURLToPath(new URL('..', import.meta.url)), process.argv[2])
}
