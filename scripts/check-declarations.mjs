// Holds that the types as published show the public API only: each entry exports the same names in dist/*.d.ts as in src, and no
// internal class leaks through the types of another. Needs a build.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { publicPackages } from './public-packages.mjs'

/** The types that users get but never construct. Each is an interface over a class that stays inside. */
const interfaces = { '@shellflip/upgrader': ['Flip'] }

/** The most lines of published types that are not comments, for packages whose reader should see them whole. */
const lineLimits = { '@shellflip/upgrader': 280, shellflip: 20 }

/** Lists the faults of the published types of the repository at `root`, one line each. */
export function declarationViolations(root) {
  return publicPackages(root).flatMap(({ name, folder, manifest }) => [
    ...entriesOf(folder, manifest).flatMap((entry) => entryViolations(root, entry)),
    ...declarationFiles(folder).flatMap((path) => fileViolations(root, path, exportedBy(folder))),
    ...interfaceViolations(folder, name),
    ...lengthViolations(folder, name),
  ])
}

/** Each entry with types: its source, and the declarations that a user reads. */
function entriesOf(folder, { exports }) {
  return Object.values(exports)
    .filter((entry) => typeof entry === 'object')
    .map(({ types }) => {
      const [, module] = /^\.\/dist\/(.+)\.d\.ts$/.exec(types)
      return { source: join(folder, 'src', `${module}.ts`), declarations: join(folder, types) }
    })
}

function entryViolations(root, { source, declarations }) {
  const path = relative(root, declarations)
  if (!existsSync(declarations)) return [`${path} does not exist: run npm run build`]
  const [wanted, found] = [exportedNames(source), exportedNames(declarations)]
  return [
    ...wanted.filter((name) => !found.includes(name)).map((name) => `${path} does not export ${name}`),
    ...found
      .filter((name) => !wanted.includes(name))
      .map((name) => `${path} exports ${name}, and its source does not`),
  ]
}

function fileViolations(root, path, exported) {
  const file = relative(root, path)
  const source = parse(path)
  const internal = source.text.includes('@internal') ? [`${file} contains @internal`] : []
  const leaking = source.statements
    .filter((statement) => ts.isClassDeclaration(statement) && hasPrivateMembers(statement))
    .filter(({ name }) => !exported.has(name.text))
    .map(({ name }) => `${file} shows the internal class ${name.text}: give its users an interface`)
  return [...internal, ...leaking]
}

function interfaceViolations(folder, name) {
  const statements = declarationFiles(folder).flatMap((path) => parse(path).statements)
  return (interfaces[name] ?? [])
    .filter((type) => !statements.some((each) => ts.isInterfaceDeclaration(each) && each.name.text === type))
    .map((type) => `${name}: ${type} must be an interface in the published types`)
}

function lengthViolations(folder, name) {
  const lines = declarationFiles(folder)
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line.trim() !== '' && !/^\s*(\/\*\*|\*)/.test(line))
  if (!(lines.length > lineLimits[name])) return []
  return [
    `${name}: its published types have ${lines.length} lines without comments, more than ${lineLimits[name]}`,
  ]
}

function declarationFiles(folder) {
  if (!existsSync(`${folder}/dist`)) return []
  return readdirSync(`${folder}/dist`)
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => join(folder, 'dist', file))
}

/** The names that any of the declarations exports. A chunk that entries share exports under short names, so its own names count. */
function exportedBy(folder) {
  return new Set(
    declarationFiles(folder).flatMap((path) => [
      ...exportedNames(path),
      ...exportedNames(path, { inside: true }),
    ]),
  )
}

/** @param inside whether to return the names inside the file, as in `export { Name as n }` */
function exportedNames(path, { inside = false } = {}) {
  return parse(path).statements.flatMap((statement) => {
    if (ts.isExportAssignment(statement)) return ['default']
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause === undefined) {
        const module = statement.moduleSpecifier.text
        const isOther = !module.startsWith('.')
        return isOther ? [`everything of ${module}`] : exportedNames(join(dirname(path), module), { inside })
      }
      const { elements } = statement.exportClause
      return elements.map(({ name, propertyName }) => (inside ? (propertyName ?? name) : name).text)
    }
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!isExported) return []
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name))
    return statement.name === undefined ? [] : [statement.name.text]
  })
}

function namesIn(binding) {
  return ts.isIdentifier(binding) ? [binding.text] : binding.elements.flatMap(({ name }) => namesIn(name))
}

function hasPrivateMembers({ members }) {
  return members.some(({ name }) => name !== undefined && ts.isPrivateIdentifier(name))
}

function parse(path) {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = declarationViolations(fileURLToPath(new URL('..', import.meta.url)))
  for (const violation of violations) console.log(violation)
  console.log(
    violations.length === 0
      ? 'the published types show the public API only'
      : `${violations.length} faults of the published types`,
  )
  process.exitCode = violations.length === 0 ? 0 : 1
}
