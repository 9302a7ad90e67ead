// Builds the addon with nothing but Node and a C compiler.
//
//   node build.mjs                          for this machine, if its sources or flags changed
//   node build.mjs --target linux-arm64-glibc --target linux-x64-musl
//   node build.mjs --all                    every Linux prebuild that the package ships
//
// CC names the compiler for this machine, npm_config_nodedir the folder that holds include/node.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { compile, fail, flagsFor, hostTarget, sources } from './compile.mjs'
import { crossCompilers, crossTargets, pathOf } from './targets.mjs'

function build(target, compiler) {
  const binary = pathOf(target)
  const flags = [...flagsFor(target), ...(target.startsWith('darwin') ? [] : ['-s'])]

  const stamp = `${binary}.stamp`
  const wanted = digestOf([target, compiler, ...flags])
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  mkdirSync(dirname(binary), { recursive: true })
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
const targets = values.all ? crossTargets : (values.target ?? [])
for (const target of targets) {
  const compiler = crossCompilers[target]
  if (!compiler) fail(`No target ${target}. There are: ${crossTargets.join(', ')}.`)
  build(target, compiler)
}
if (targets.length === 0) build(hostTarget(), process.env.CC || 'cc')
