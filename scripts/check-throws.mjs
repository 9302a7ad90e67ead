// Holds every `@throws` to one form, and to a code that its class has:
//
//   @throws {ErrorClass} ERR_CODE               as docs/errors.md explains the code
//   @throws {ErrorClass} ERR_CODE if …          in this case
//   @throws {ErrorClass} as {@link other}       each error of another function
//   @throws {Error} if …                        for a class without codes. `unknown` stands for what the caller's code throws
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorUnions } from './print-errors.mjs'
import { trackedFiles } from './tracked-files.mjs'

const form = /^\{(?<className>\w+)\} (?:(?<code>ERR_[A-Z_]+)(?: if .+)?|as \{@link [\w.]+\}|if .+)$/
const sources = /^(packages|scripts|examples)\/.*\.(ts|mts|mjs)$/
const otherTag = /(?<![\w`{])@(?:throws|param|returns|default|see|example|internal|deprecated|remarks)\b/

/** The `@throws` tags of a source in order: `{ line, text }`. */
export function throwsIn(source) {
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) =>
    [...comment.matchAll(/(?<![\w`])@throws\b/g)].map((tag) => {
      const [text] = comment
        .slice(tag.index + tag[0].length, -2)
        .replace(/\n[ \t]*\*/g, '\n')
        .split(otherTag)
      return {
        line: source.slice(0, index + tag.index).split('\n').length,
        text: text.replace(/\s+/g, ' ').trim(),
      }
    }),
  )
}

/**
 * Says why a text is not in the form. `codesOf` has the codes of each class.
 *
 * @returns undefined if it is
 */
export function faultOf(text, codesOf) {
  const match = form.exec(text)
  if (match === null)
    return 'write `@throws {ErrorClass} ERR_CODE if …`, one code a tag (see CONTRIBUTING.md)'
  const { className, code } = match.groups
  const codes = codesOf.get(className)
  if (code === undefined) {
    if (codes !== undefined && !text.includes('as {@link')) return `name the code of ${className}`
    return undefined
  }
  if (codes === undefined) return `${className} does not have codes`
  return codes.has(code) ? undefined : `${className} does not have the code ${code}`
}

function main(root) {
  const texts = trackedFiles(root)
    .filter((file) => sources.test(file))
    .map((file) => ({ file, source: readFileSync(join(root, file), 'utf8') }))
  const unions = texts
    .filter(({ file }) => !file.endsWith('.test.ts') && file.endsWith('.ts'))
    .flatMap(({ file, source }) => (source.includes('ErrorCode') ? errorUnions(file, source) : []))
  const codesOf = new Map(
    unions.map(({ className, codes }) => [className, new Set(codes.map(({ code }) => code))]),
  )
  const tags = texts
    .filter(({ file }) => !file.startsWith('scripts/check-throws'))
    .flatMap(({ file, source }) => throwsIn(source).map((tag) => ({ file, ...tag })))
  const faults = tags.flatMap((tag) => {
    const fault = faultOf(tag.text, codesOf)
    return fault === undefined ? [] : [{ ...tag, fault }]
  })
  for (const { file, line, text, fault } of faults)
    console.error(`${file}:${line}: @throws ${text}\n  ${fault}`)
  console.log(`${tags.length} @throws, ${faults.length} not in the form`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(fileURLToPath(new URL('..', import.meta.url)))
