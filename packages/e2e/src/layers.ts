import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { E2eError } from './e2e-error.ts'
import { cachedLayer } from './layer-cache.ts'
import { repository } from './places.ts'

/** The further parts that a test wants in its machine. */
export type Additions = {
  /** Installed by apt-get; the first time that takes as long as that takes. @default [] */
  debianPackages?: readonly string[]
  /** Other people's, as `NAME@VERSION`, below /usr/lib/node_modules; their addons are compiled once. @default [] */
  npmPackages?: readonly string[]
}

/** The compiler for the addons of npm packages, and the libraries that they link to. */
const toolchain = ['g++', 'make', 'libsystemd-dev']

/**
 * The folders that a machine's root file system is laid out of, the upper one first: our packages, what a test wants
 * besides, and the base with systemd. Made if they are not there.
 *
 * @throws {E2eError} ERR_REQUIREMENTS
 * @throws {E2eError} ERR_BUILD
 */
export async function layers({ debianPackages = [], npmPackages = [] }: Additions = {}): Promise<string[]> {
  const base = await cachedLayer('base', 'build-base.sh')
  const debian = debianPackages.length === 0 ? [] : [await debianLayer(base, debianPackages)]
  const npm = npmPackages.length === 0 ? [] : [await npmLayer(base, npmPackages)]
  const packages = await cachedLayer('packages', 'install-packages.sh', [], publishedFiles())
  return [packages, ...npm, ...debian, base]
}

function debianLayer(base: string, packages: readonly string[]): Promise<string> {
  return cachedLayer('debian', 'add-debian-packages.sh', [base, ...packages])
}

async function npmLayer(base: string, packages: readonly string[]): Promise<string> {
  const headers = join(dirname(process.execPath), '../include/node')
  const version = join(headers, 'node_version.h')
  if (!existsSync(version)) {
    const text = `the headers of Node are needed in ${headers}: install Node from its own archive, or libnode-dev`
    throw new E2eError('ERR_REQUIREMENTS', text)
  }
  const compiler = await debianLayer(base, toolchain)
  const args = [compiler, base, process.execPath, headers, ...packages]
  // Another Node in the same place wants other addons.
  return cachedLayer('npm', 'add-npm-packages.sh', args, [version])
}

function publishedFiles(): string[] {
  const packages = join(repository, 'packages')
  return readdirSync(packages)
    .map((name) => join(packages, name))
    .filter((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private !== true)
    .flatMap((folder) => [
      join(folder, 'package.json'),
      ...filesIn(folder, 'dist'),
      ...filesIn(folder, 'prebuilds'),
    ])
}

function filesIn(folder: string, name: string): string[] {
  if (!readdirSync(folder).includes(name)) return []
  return readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
