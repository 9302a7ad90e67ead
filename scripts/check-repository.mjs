// Holds what npm, GitHub and readers of a package need: where it comes from, its license, and actions pinned by commit. The root
// package.json names the repository, and everything else follows from it. With --write it writes what follows.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publicPackages } from './public-packages.mjs'

/** The files beside the packages that name the repository. */
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CODE_OF_CONDUCT.md',
  '.github/ISSUE_TEMPLATE/config.yml',
]

/** Lists the faults of the repository at `root`, one line each. */
export function repositoryViolations(root) {
  return [
    ...publishedFolders(root).flatMap((folder) => packageViolations(root, folder)),
    ...documents.flatMap((file) => linkViolations(root, file)),
    ...workflows(root).flatMap((file) => actionViolations(root, file)),
  ]
}

/** Writes LICENSE and the fields that follow from the root into each published package. */
export function writeRepositoryFields(root) {
  for (const folder of publishedFolders(root)) {
    const path = join(root, folder, 'package.json')
    const { name, version, description, license, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
    const { keywords, ...others } = rest
    const manifest = {
      name,
      version,
      description,
      ...(keywords && { keywords }),
      ...fieldsOf(root, folder),
      ...Object.fromEntries(Object.entries(others).filter(([field]) => !(field in fieldsOf(root, folder)))),
    }
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
    writeFileSync(join(root, folder, 'LICENSE'), readFileSync(join(root, 'LICENSE')))
  }
}

/** npm refuses provenance without `repository`. */
function fieldsOf(root, folder) {
  const { repository, author, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return {
    homepage: `${repository}/tree/main/${folder}#readme`,
    bugs: `${repository}/issues`,
    license,
    author,
    repository: { type: 'git', url: `git+${repository}.git`, directory: folder },
  }
}

function publishedFolders(root) {
  return publicPackages(root).map(({ folder }) => relative(root, folder))
}

function packageViolations(root, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const wrong = Object.entries(fieldsOf(root, folder))
    .filter(([field, value]) => JSON.stringify(manifest[field]) !== JSON.stringify(value))
    .map(([field, value]) => `${field} must be ${JSON.stringify(value)}: run npm run manifests`)
  if (!(manifest.keywords?.length >= 3)) wrong.push('keywords must name at least 3 words to find it by')
  if (!manifest.description) wrong.push('description is missing')
  const license = join(root, folder, 'LICENSE')
  const same = existsSync(license) && readFileSync(license).equals(readFileSync(join(root, 'LICENSE')))
  if (!same) wrong.push('LICENSE must be a copy of the one in the root: run npm run manifests')
  return wrong.map((reason) => `${folder}: ${reason}`)
}

/** A document may name other repositories, but this one only by its URL in the root package.json. */
function linkViolations(root, file) {
  if (!existsSync(join(root, file))) return [`${file}: is missing`]
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const own = repository.split('/').at(-1)
  const links = readFileSync(join(root, file), 'utf8').match(/https:\/\/github\.com\/[\w.-]+\/[\w.-]+/g) ?? []
  return links
    .filter((link) => link.endsWith(`/${own}`) && link !== repository)
    .map((link) => `${file}: ${link} must be ${repository}`)
}

function workflows(root) {
  const folder = '.github/workflows'
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
}

/** A tag can be moved to another commit, a commit cannot. */
function actionViolations(root, file) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    const [, action] = /^\s*(?:- )?uses:\s*(.*)$/.exec(line) ?? []
    if (action === undefined || action.startsWith('./')) return []
    if (/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)) return []
    return [`${file}:${index + 1}: ${action} must be pinned: OWNER/NAME@COMMIT # vVERSION`]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  if (process.argv.includes('--write')) writeRepositoryFields(root)
  const violations = repositoryViolations(root)
  for (const violation of violations) console.log(violation)
  console.log(violations.length === 0 ? 'every package names its origin' : `${violations.length} to mend`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
