// Writes docs/errors.md from the unions of error codes in the published packages and their TSDoc. With --check it writes nothing,
// and fails where the document is not current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { publicPackages, root } from './public-packages.mjs'

const intro = `# Error codes

<!-- Written by \`npm run errors\` from the packages. Do not edit. -->

Each package throws errors of its own class. \`code\` is stable, and programs decide by it. The message names the value and the next step,
and may change.
`

/** The document for these unions, each of them of a package. */
export function errorsDocument(unions) {
  const sections = unions.map(({ packageName, className, codes }) =>
    [
      `## ${className}`,
      `Package \`${packageName}\`.`,
      table(
        ['code', 'meaning'],
        codes.map(({ code, meaning }) => [`\`${code}\``, meaning.replaceAll('|', '\\|')]),
      ),
    ].join('\n\n'),
  )
  return `${[intro.trimEnd(), ...sections, ...sharedSection(unions)].join('\n\n')}\n`
}

function sharedSection(unions) {
  const shared = sharedCodes(unions)
  if (shared.length === 0) return []
  const rows = shared.map(({ code, classNames }) => [`\`${code}\``, classNames.join(', ')])
  return [
    '## Codes of several classes',
    'Check `error.name` as well where one of these matters.',
    table(['code', 'classes'], rows),
  ]
}

/** Codes that are not unique: a program must look at the class as well. */
export function sharedCodes(unions) {
  const classes = new Map()
  for (const { className, codes } of unions) {
    for (const { code } of codes) classes.set(code, [...(classes.get(code) ?? []), className])
  }
  return [...classes]
    .map(([code, classNames]) => ({ code, classNames }))
    .filter(({ classNames }) => classNames.length > 1)
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/**
 * The exported unions `…ErrorCode` of a source file, with the meaning of each code.
 *
 * @throws {Error} if the TSDoc does not explain a code. It must name the code in backticks, with a colon after it
 */
export function errorUnions(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  return source.statements
    .filter((statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text.endsWith('ErrorCode'))
    .filter((alias) => alias.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .map((alias) => {
      const meanings = meaningsIn(commentOf(alias))
      const types = ts.isUnionTypeNode(alias.type) ? alias.type.types : [alias.type]
      const codes = types
        .filter((type) => ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal))
        .map((type) => ({ code: type.literal.text, meaning: meanings.get(type.literal.text) }))
      const silent = codes.find(({ meaning }) => meaning === undefined)
      if (silent) throw new Error(`${path}: the TSDoc of ${alias.name.text} does not explain ${silent.code}`)
      return { className: alias.name.text.replace(/Code$/, ''), codes }
    })
    .filter(({ codes }) => codes.length > 0)
}

function commentOf(node) {
  return ts.getJSDocCommentsAndTags(node).map(textOf).join('\n')
}

function textOf({ comment = '' }) {
  return ts.getTextOfJSDocComment(comment) ?? ''
}

/** Reads `- \`ERR_A\`, \`ERR_B\`: meaning`, over several lines, up to the next entry. */
function meaningsIn(comment) {
  const entry = /((?:`ERR_\w+`(?:, | and )?)+): ([\s\S]*?)(?=\n\s*- |\n\s*\n|$)/g
  return new Map(
    [...comment.matchAll(entry)].flatMap(([, codes, meaning]) =>
      [...codes.matchAll(/ERR_\w+/g)].map(([code]) => [code, sentence(meaning)]),
    ),
  )
}

function sentence(text) {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/\{@link (?:\w+\.)*(\w+)\}/g, '`$1`')
    .trim()
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}${/[.!?…]$/.test(line) ? '' : '.'}`
}

function unionsOfPackages() {
  return publicPackages().flatMap(({ name: packageName, folder }) =>
    readdirSync(join(folder, 'src'), { recursive: true })
      .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file))
      .sort()
      .flatMap((file) =>
        errorUnions(join(folder, 'src', file), readFileSync(join(folder, 'src', file), 'utf8')),
      )
      .map((union) => ({ packageName, ...union })),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = `${root}/docs/errors.md`
  const document = errorsDocument(unionsOfPackages())
  if (!process.argv.includes('--check')) writeFileSync(path, document)
  else if (readFileSync(path, 'utf8') !== document) {
    console.error(`docs/${basename(path)} is not current: run npm run errors`)
    process.exitCode = 1
  }
}
