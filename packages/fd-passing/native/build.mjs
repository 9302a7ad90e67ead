// Builds the addon with nothing but Node and a C compiler.
//
//   node build.mjs                          for this machine, if its sources or flags changed
//   node build.mjs --target linux-arm64-glibc --target linux-x64-musl
//   node build.mjs --all                    every Linux prebuild that the package ships
//
// CC names the compiler for this machine, npm_config_nodedir the folder that holds include/node.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compile, fail, flagsFor, hostTarget, sources } from './compile.mjs'

const prebuilds = fileURLToPath(new URL('../prebuilds', import.meta.url))

/** The compilers of Debian's gcc, gcc-aarch64-linux-gnu and musl-tools. */
const crossCompilers = {
  'linux-x64-glibc': 'gcc',
  'linux-x64-musl': 'musl-gcc',
  'linux-arm64-glibc': 'aarch64-linux-gnu-gcc',
}

function build(target, compiler) {
  const [platform, arch, libc] = target.split('-')
  const folder = join(prebuilds, `${platform}-${arch}`)
  const binary = join(folder, libc ? `fd-passing.napi.${libc}.node` : 'fd-passing.napi.node')
  const flags = [...flagsFor(target), ...(platform === 'darwin' ? [] : ['-s'])]

  const stamp = `${binary}.stamp`
  const wanted = digestOf([target, compiler, ...flags])
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  mkdirSync(folder, { recursive: true })
  const unfinished = `${binary}.${process.pid}`
  compile({ target, compiler, flags, output: unfinished })
  // A process that has the old file loaded keeps it.
  renameSync(unfinished, binary)
  writeFileSync(stamp, wanted)
}

function digestOf(settings) {
  const digest = createHash('sha256').update(JSON.stringify(settings))
  for (const path of sources) digest.update(basename(path)).update(readFileSync(path))
  return digest.digest('hex')
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
