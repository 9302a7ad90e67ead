// Measures the prose of READMEs and docs against limits that only go down (scripts/prose-limits.json).
//
//   node scripts/check-prose.mjs           fails where a figure is above its limit, and names the places
//   node scripts/check-prose.mjs --list    names every place that a rule forbids, and the longest sentences
//   node scripts/check-prose.mjs --lower   writes the figures that are below their limits as the new limits
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sentencesOf } from './prose.mjs'
import { trackedFiles } from './tracked-files.mjs'

/** Each file belongs to the first set that matches. Decisions and changesets are history, and belong to none. */
const fileSets = {
  'root README': /^README\.md$/,
  'package READMEs': /^packages\/[^/]+\/README\.md$/,
  docs: /^docs\/[^/]+\.md$/,
  'everything else': /^(?!docs\/|\.changeset\/).*\.md$/,
}

/** Each sentence that matches is one too many. */
const rules = {
  semicolons: /;/,
  openings: /^["'“(]*(?:Of|What|Whoever|Who has|To be)\b/,
  negatedNouns: /\b(?:is|are|was|were) no\b(?! (?:longer|more|less|fewer)\b)/i,
}

/** New files meet these. A set without limits of its own has to. */
const targets = { meanWords: 14, p90Words: 24, semicolons: 0, openings: 0, negatedNouns: 0 }

/** The figures of sentences, and the places of what the rules forbid. Table cells do not count for the length. */
export function measure(sentences) {
  const lengths = sentences.filter(({ inTable }) => !inTable).map(({ words }) => words)
  const places = Object.entries(rules).map(([rule, pattern]) => [
    rule,
    sentences.filter(({ text }) => pattern.test(text)),
  ])
  const sorted = lengths.toSorted((a, b) => a - b)
  return {
    figures: {
      meanWords:
        Math.round((10 * lengths.reduce((sum, words) => sum + words, 0)) / (lengths.length || 1)) / 10,
      p90Words: sorted[Math.ceil(0.9 * sorted.length) - 1] ?? 0,
      ...Object.fromEntries(places.map(([rule, found]) => [rule, found.length])),
    },
    places: Object.fromEntries(places),
  }
}

/** The figures above their limits: `{ figure, value, limit }`. */
export function excesses(figures, limits = targets) {
  return Object.entries(figures)
    .map(([figure, value]) => ({ figure, value, limit: limits[figure] }))
    .filter(({ value, limit }) => value > limit)
}

/**
 * Limits that are as low as the figures allow, never higher than before, and not below the targets: shorter sentences than those
 * would only be choppy.
 */
export function lowered(figures, limits = figures) {
  return Object.fromEntries(
    Object.entries(figures).map(([figure, value]) => [
      figure,
      Math.max(targets[figure], Math.min(value, limits[figure] ?? value)),
    ]),
  )
}

function measureFiles(root, files) {
  const sentences = files.flatMap((file) =>
    sentencesOf(readFileSync(join(root, file), 'utf8')).map((sentence) => ({ ...sentence, file })),
  )
  return { sentences, ...measure(sentences) }
}

function main(root, option) {
  const limitsFile = join(root, 'scripts/prose-limits.json')
  const limits = JSON.parse(readFileSync(limitsFile, 'utf8'))
  const files = trackedFiles(root)
  const names = Object.keys(fileSets)
  const setOf = (file) => names.find((name) => fileSets[name].test(file))
  let failed = 0
  for (const name of names) {
    const { figures, places, sentences } = measureFiles(
      root,
      files.filter((file) => setOf(file) === name),
    )
    console.log(
      `${name}: ${Object.entries(figures)
        .map((pair) => pair.join(' '))
        .join(', ')}`,
    )
    if (option === '--lower') limits[name] = lowered(figures, limits[name])
    if (option === '--list') list({ ...places, longest: longestOf(sentences) })
    for (const { figure, value, limit } of excesses(figures, limits[name])) {
      failed += 1
      console.log(`${name}: ${figure} is ${value}, and the limit is ${limit}. Rewrite some of these:`)
      list({ [figure]: places[figure] ?? longestOf(sentences) })
    }
  }
  if (option === '--lower') writeFileSync(limitsFile, `${JSON.stringify(limits, null, 2)}\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

function longestOf(sentences) {
  return sentences.toSorted((a, b) => b.words - a.words).slice(0, 20)
}

function list(places) {
  for (const [rule, found] of Object.entries(places)) {
    for (const { file, line, text } of found) console.log(`  ${file}:${line}: ${rule}: ${text}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(fileURLToPath(new URL('..', import.meta.url)), process.argv[2])
}
