// Holds the architecture: a package imports only from layers below its own (docs/architecture.md).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** From the ground up. A new package gets its place here. */
const layers = [
  ['fd-passing', 'state-serialization', 'shutdown-coordination'],
  ['sd-notify', 'upgrade-lock', 'cli'],
  ['generation', 'control-socket', 'handover', 'launcher'],
  ['rolling-supervisor', 'fd-store', 'listeners'],
  ['upgrader', 'orphans', 'supervisor-control'],
  ['shellflip', 'procroll'],
]

/** Private helpers beneath all layers. */
const beneath = ['internal']

/** Private helpers. The packages that use them carry them in their own dist, so they are not a dependency. */
const bundled = [...beneath, 'cli']

/** Private packages beside the layers. They may use every layer; no published code uses them. */
const beside = ['testing', 'builds', 'e2e', 'bench', 'frameworks']

const heights = new Map(
  [beneath, ...layers].flatMap((names, index) => names.map((name) => [name, index - 1])),
)

/** Lists the imports that break the rules in the workspace at `root`, one line each. */
export function layerViolations(root) {
  const packages = join(root, 'packages')
  return readdirSync(packages, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(packages, entry.name, 'package.json')))
    .flatMap(({ name }) => {
      if (!heights.has(name) && !beside.includes(name)) {
        return [`packages/${name}: has no layer; give it one in scripts/check-layers.mjs`]
      }
      return [...dependencyViolations(root, name), ...importViolations(root, name)]
    })
}

function dependencyViolations(root, name) {
  const path = `packages/${name}/package.json`
  const manifest = JSON.parse(readFileSync(join(root, path), 'utf8'))
  const shipped = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  return [
    ...Object.keys(shipped).map(
      (id) => privateDependency(id) ?? refusal(name, id, { inTest: false, typeOnly: false }),
    ),
    ...Object.keys(manifest.devDependencies ?? {}).map((id) =>
      refusal(name, id, { inTest: true, typeOnly: true }),
    ),
  ]
    .filter((reason) => reason !== undefined)
    .map((reason) => `${path}: ${reason}`)
}

function privateDependency(id) {
  if (!bundled.includes(packageNamed(id))) return undefined
  return `${id} is private, and nobody could install it: name it in devDependencies, and the build bundles it`
}

function importViolations(root, name) {
  const folder = join(root, 'packages', name)
  if (!existsSync(join(folder, 'src'))) return []
  return readdirSync(join(folder, 'src'), { recursive: true })
    .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    .flatMap((file) => {
      const path = join(folder, 'src', file)
      const inTest = isTestCode(file)
      return importsOf(path).flatMap(({ specifier, typeOnly }) => {
        const reason = specifier.startsWith('.')
          ? leavingPackage(folder, path, specifier)
          : refusal(name, specifier, { inTest, typeOnly })
        return reason === undefined ? [] : [`${relative(root, path)}: ${reason}`]
      })
    })
}

const isTestCode = (file) => /(\.(test|test-d)|(^|\/)testing(\/.+)?)\.[cm]?ts$/.test(file)

/** Why the package `from` may not use the module `specifier`, if so. */
function refusal(from, specifier, { inTest, typeOnly }) {
  const to = packageNamed(specifier)
  if (to === undefined || to === from) return undefined
  if (!heights.has(to) && !beside.includes(to)) {
    return `${specifier} has no layer; give it one in scripts/check-layers.mjs`
  }
  if (from === 'testing') {
    return typeOnly
      ? undefined
      : `testing imports ${specifier}: only types may come from a package under test`
  }
  if (beside.includes(from)) return undefined
  if (to === 'testing' || specifier.endsWith('/testing')) {
    if (!inTest) return `imports ${specifier}: only tests may`
    if (to === 'testing') return undefined
  }
  if (beside.includes(to)) return `imports ${specifier}: nothing that is published may`
  const [own, other] = [heights.get(from), heights.get(to)]
  if (other < own || (inTest && other === own)) return undefined
  return `imports ${specifier}: layer ${own} imports from layer ${other}, and imports point down only`
}

/** The folder under packages/ that a bare specifier means, if it is one of ours. */
function packageNamed(specifier) {
  const [scope, name] = specifier.split('/')
  if (scope === '@shellflip') return name
  return scope === 'shellflip' || scope === 'procroll' ? scope : undefined
}

function leavingPackage(folder, path, specifier) {
  const target = resolve(dirname(path), specifier)
  return target.startsWith(folder + sep)
    ? undefined
    : `imports ${specifier}: a relative import leaves the package`
}

/** Every module that a file names: imports, re-exports, `import()` and `import('…').Type`. */
function importsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  const found = []
  const add = (node, typeOnly) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push({ specifier: node.text, typeOnly })
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = layerViolations(fileURLToPath(new URL('..', import.meta.url)))
  for (const violation of violations) console.log(violation)
  console.log(violations.length === 0 ? 'imports point down only' : `${violations.length} against the layers`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
