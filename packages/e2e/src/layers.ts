import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { E2eError } from './e2e-error.ts'
import { machineFolder, repository } from './places.ts'

const unusedAfterMs = 24 * 60 * 60_000

/** Where layers are kept: `SHELLFLIP_E2E_CACHE`, or `shellflip-e2e` in the user's cache folder. */
export function cacheFolder(): string {
  const { SHELLFLIP_E2E_CACHE, XDG_CACHE_HOME } = process.env
  return SHELLFLIP_E2E_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'shellflip-e2e')
}

/** The folders that a machine's root file system is laid out of, the upper one first. Made if they are not there. */
export async function layers(): Promise<string[]> {
  const packages = await layer('packages', publishedFiles(), ['install-packages.sh', repository])
  const base = await layer('base', [], ['build-base.sh'])
  return [packages, base]
}

/** Made anew when the script that makes it, or one of the `sources`, changes: its name tells what it was made of. */
async function layer(kind: string, sources: readonly string[], command: readonly string[]): Promise<string> {
  const [script, ...args] = command.map((word, n) => (n === 0 ? join(machineFolder, word) : word)) as [string]
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  const folder = join(cache, `${kind}-${digestOf([script, ...sources])}`)
  await run([join(machineFolder, 'build-layer.sh'), folder, script, ...args])
  const now = new Date()
  utimesSync(folder, now, now)
  removeUnused(cache, kind)
  return folder
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

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex').slice(0, 16)
}

/** A day is longer than any machine lives that still stands on it. */
function removeUnused(cache: string, kind: string): void {
  for (const name of readdirSync(cache).filter((name) => name.startsWith(`${kind}-`))) {
    const { mtimeMs } = statSync(join(cache, name))
    if (mtimeMs < Date.now() - unusedAfterMs) rmSync(join(cache, name), { recursive: true, force: true })
  }
}

function run([file, ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', file as string, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-10_000)
      })
    }
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new E2eError('ERR_BUILD', `${args.join(' ')} ended with ${code}:\n${output}`))
    })
  })
}
