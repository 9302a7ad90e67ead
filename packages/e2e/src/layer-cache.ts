import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { E2eError } from './e2e-error.ts'
import { machineFolder, repository } from './places.ts'

/** Longer than any machine lives that still stands on a layer. */
const unusedAfterMs = 24 * 60 * 60_000

/** Where layers are kept: `SHELLFLIP_E2E_CACHE`, or `shellflip-e2e` in the user's cache folder. */
export function cacheFolder(): string {
  const { SHELLFLIP_E2E_CACHE, XDG_CACHE_HOME } = process.env
  return SHELLFLIP_E2E_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'shellflip-e2e')
}

/**
 * The folder that a script of machine/ makes. Its name tells what it was made by and of (`sources`: files), so that
 * it is made anew when that changes. Layers that were not used for long are removed.
 */
export async function cachedLayer(
  kind: string,
  script: string,
  args: readonly string[] = [],
  sources: readonly string[] = [],
): Promise<string> {
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  const path = join(machineFolder, script)
  const folder = join(cache, `${kind}-${digestOf([path, ...sources], args)}`)
  await run(join(machineFolder, 'build-layer.sh'), [folder, path, ...args])
  const now = new Date()
  utimesSync(folder, now, now)
  removeUnused(cache, kind)
  return folder
}

/** The same in every clone of the repository. */
function digestOf(files: readonly string[], args: readonly string[]): string {
  const hash = createHash('sha256')
  for (const arg of args) hash.update(`${arg}\0`)
  for (const file of files)
    hash
      .update(`${relative(repository, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}

function removeUnused(cache: string, kind: string): void {
  for (const name of readdirSync(cache).filter((name) => name.startsWith(`${kind}-`))) {
    const path = join(cache, name)
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (mtimeMs < Date.now() - unusedAfterMs) rmSync(path, { recursive: true, force: true })
  }
}

function run(script: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', script, ...args], {
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
      else reject(new E2eError('ERR_BUILD', failureText(basename(args[1] ?? script), code, output)))
    })
  })
}

/** The last line stands in the first one, for a summary shows no more than that. */
function failureText(script: string, code: number | null, output: string): string {
  const last = output.trimEnd().split('\n').at(-1)
  return `${script} ended with ${code}: ${last}\n${output}`
}
