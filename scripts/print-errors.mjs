// Writes docs/errors.md from the unions of error codes in the published packages and their TSDoc. With --check it writes nothing,
// and fails where the document is not current. Refuses a code that two packages have, unless it is a common one.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { publicPackages, root } from './public-packages.mjs'

const intro = `# Error codes

<!-- Written by \`npm run errors\` from the packages. Do not edit. -->

Each package throws errors of its own class. \`code\` is stable, and programs decide by it. The message names the value and the next step,
and may change. A code belongs to one class, except for these:
`

/** The codes that mean the same in each class that has them. */
export const commonCodes = {
  ERR_INVALID_ARGUMENT:
    'The caller passed a wrong value, option or definition. Correct the one that the message names.',
  ERR_SYSTEM:
    'A system call failed. `cause` is its error, and `FdPassingError` has `errno` and `syscall`. Remove what the error names, such as a ' +
    'missing permission or a limit, and try again.',
}

/**
 * The document for these unions, each of them of a package.
 *
 * @throws {Error} if two packages have the same code, and it is not a common one
 */
export function errorsDocument(unions) {
  const [shared] = sharedCodes(unions)
  if (shared !== undefined) {
    const { code, packages } = shared
    throw new Error(
      `${packages.join(' and ')} both have the code ${code}. Give one of them another name, such as one with the name of its package.`,
    )
  }
  const common = rowsOf(Object.entries(commonCodes).map(([code, meaning]) => ({ code, meaning })))
  return `${[intro.trimEnd(), table(['code', 'meaning'], common), ...unions.map(sectionOf)].join('\n\n')}\n`
}

function sectionOf({ packageName, className, codes }) {
  const own = codes.filter(({ code }) => !isCommon(code))
  const common = codes.filter(({ code }) => isCommon(code)).map(({ code }) => `\`${code}\``)
  const also = common.length === 0 ? '' : ` Common codes: ${common.join(', ')}.`
  const rows = own.length === 0 ? [] : [table(['code', 'meaning'], rowsOf(own))]
  return [`## ${className}`, `Package \`${packageName}\`.${also}`, ...rows].join('\n\n')
}

function rowsOf(codes) {
  return codes.map(({ code, meaning }) => [`\`${code}\``, meaning.replaceAll('|', '\\|')])
}

function isCommon(code) {
  return Object.hasOwn(commonCodes, code)
}

/** The codes that several packages have, without the common ones: `{ code, packages }`. */
export function sharedCodes(unions) {
  const packages = new Map()
  for (const { packageName, codes } of unions) {
    for (const { code } of codes) packages.set(code, new Set([...(packages.get(code) ?? []), packageName]))
  }
  return [...packages]
    .filter(([code, names]) => names.size > 1 && !isCommon(code))
    .map(([code, names]) => ({ code, packages: [...names] }))
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
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
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
