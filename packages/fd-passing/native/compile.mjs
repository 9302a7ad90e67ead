// One call of the C compiler makes the addon. Shared by build.mjs and check-memory.mjs.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { libc } = createRequire(import.meta.url)('./load.cjs')
const here = dirname(fileURLToPath(import.meta.url))

/** Everything that the addon is made of. */
export const sources = readdirSync(here)
  .filter((name) => /\.[ch]$/.test(name))
  .map((name) => join(here, name))

/** This machine, as load.cjs looks for it. */
export function hostTarget() {
  return [process.platform, process.arch, libc()].filter(Boolean).join('-')
}

/** How the addon is compiled and linked for a target such as linux-x64-glibc. */
export function flagsFor(target) {
  const link = target.startsWith('darwin') ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
  return ['-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', ...link]
}

export function compile({ target, compiler, flags, output }) {
  const [command, ...leading] = compiler.split(' ')
  const files = sources.filter((path) => path.endsWith('.c'))
  const { status, error } = spawnSync(
    command,
    [...leading, ...flags, `-I${headersFolder()}`, '-o', output, ...files],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (error) {
    fail(
      `The compiler ${command} for ${target} could not be run: ${error.message}.`,
      'Install a C compiler (Debian: gcc), or name one with CC. The cross builds need zig: pip install ziglang.',
    )
  }
  if (status !== 0) fail(`${command} could not build the addon for ${target}: see its messages above.`)
}

export function fail(...lines) {
  console.error(`fd-passing: ${lines.join('\n  ')}`)
  process.exit(1)
}

function headersFolder() {
  const prefixes = [
    process.env.npm_config_nodedir,
    join(dirname(realpathSync(process.execPath)), '..'),
    join(homedir(), '.cache', 'node-gyp', process.versions.node),
  ].filter((prefix) => prefix)
  const folders = prefixes.map((prefix) => join(prefix, 'include', 'node'))
  const found = folders.find(
    (folder) => existsSync(join(folder, 'node_api.h')) && existsSync(join(folder, 'uv.h')),
  )
  if (found) return found
  return fail(
    `Node's headers (node_api.h, uv.h) are in none of: ${folders.join(', ')}.`,
    'Set npm_config_nodedir to a Node installation that has include/node, or install your system’s package of',
    'Node development files (libnode-dev, nodejs-devel).',
  )
}
