// Builds the addon with nothing but Node and a C compiler.
//
//   node build.mjs                          for this machine, if its sources or flags changed
//   node build.mjs --target linux-arm64-glibc --target linux-x64-musl
//   node build.mjs --all                    every Linux prebuild that the package ships
//
// CC names the compiler for this machine, npm_config_nodedir the folder that holds include/node.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const prebuilds = join(here, '..', 'prebuilds')
const sources = readdirSync(here).filter((name) => /\.[ch]$/.test(name))

/** The compilers of Debian's gcc, gcc-aarch64-linux-gnu and musl-tools. */
const crossCompilers = {
  'linux-x64-glibc': 'gcc',
  'linux-x64-musl': 'musl-gcc',
  'linux-arm64-glibc': 'aarch64-linux-gnu-gcc',
}

/** The C library by the rule of node-gyp-build, which will look for that name. */
function hostTarget() {
  const { platform, arch } = process
  if (platform !== 'linux') return `${platform}-${arch}`
  return `${platform}-${arch}-${process.env.LIBC || (existsSync('/etc/alpine-release') ? 'musl' : 'glibc')}`
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
  fail(
    `Node's headers (node_api.h, uv.h) are in none of: ${folders.join(', ')}.`,
    'Set npm_config_nodedir to a Node installation that has include/node, or install your system’s package',
    'of Node development files (libnode-dev, nodejs-devel).',
  )
}

function build(target, compiler) {
  const [platform, arch, libc] = target.split('-')
  const folder = join(prebuilds, `${platform}-${arch}`)
  const binary = join(folder, libc ? `fd-passing.napi.${libc}.node` : 'fd-passing.napi.node')
  const link = platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-s']
  const flags = ['-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', ...link]

  const stamp = `${binary}.stamp`
  const digest = createHash('sha256').update(JSON.stringify([target, compiler, flags]))
  for (const name of sources) digest.update(name).update(readFileSync(join(here, name)))
  const wanted = digest.digest('hex')
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  mkdirSync(folder, { recursive: true })
  const unfinished = `${binary}.${process.pid}`
  const files = sources.filter((name) => name.endsWith('.c')).map((name) => join(here, name))
  const [command, ...leading] = compiler.split(' ')
  const { status, error } = spawnSync(
    command,
    [...leading, ...flags, `-I${headersFolder()}`, '-o', unfinished, ...files],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (error) {
    fail(
      `The compiler ${command} for ${target} could not be run: ${error.message}.`,
      'Install a C compiler (Debian: gcc; for the cross builds gcc-aarch64-linux-gnu and musl-tools), or name',
      'one with CC.',
    )
  }
  if (status !== 0) fail(`${command} could not build the addon for ${target}: see its messages above.`)
  // A process that has the old file loaded keeps it.
  renameSync(unfinished, binary)
  writeFileSync(stamp, wanted)
}

function fail(...lines) {
  console.error(`fd-passing: ${lines.join('\n  ')}`)
  process.exit(1)
}

const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, all: { type: 'boolean', default: false } },
})
const targets = values.all ? Object.keys(crossCompilers) : (values.target ?? [])
for (const target of targets) {
  const compiler = crossCompilers[target]
  if (!compiler) fail(`No target ${target}. There are: ${Object.keys(crossCompilers).join(', ')}.`)
  build(target, compiler)
}
if (targets.length === 0) build(hostTarget(), process.env.CC || 'cc')
