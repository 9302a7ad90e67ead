// Checks the Linux prebuilds by what readelf (binutils) says of them: their machine, what they need, and that the oldest
// C library that Node runs on has it.
//
//   node check-prebuilds.mjs          those that are there
//   node check-prebuilds.mjs --all    all that the package ships must be there
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { crossTargets, pathOf } from './targets.mjs'

const machines = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }
/** Node 20 itself needs glibc 2.28. */
const newestGlibc = [2, 28]
/** musl's own name is libc.so, and Alpine has it loaded before any addon. */
const needed = { glibc: 'libc.so.6', musl: 'libc.so' }

function readelf(...args) {
  const { status, stdout, error } = spawnSync('readelf', ['--wide', ...args], { encoding: 'utf8' })
  if (error || status !== 0)
    throw new Error(`readelf ${args.join(' ')}: ${error?.message ?? `status ${status}`}`)
  return stdout
}

/** Finds the fault of the prebuild of a target. */
function problemsOf(target) {
  const [, arch, libc] = target.split('-')
  const path = pathOf(target)
  const problems = []
  const machine = /Machine:\s*(.*)/.exec(readelf('-h', path))?.[1]
  if (machine !== machines[arch]) problems.push(`it is for ${machine}`)

  const libraries = [...readelf('-d', path).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name)
  const others = libraries.filter((name) => name !== needed[libc] && !name.startsWith('ld-linux'))
  if (!libraries.includes(needed[libc]) || others.length > 0) {
    problems.push(`it needs ${libraries.join(', ') || 'no library'}`)
  }

  const symbols = readelf('--dyn-syms', path)
  if (!/GLOBAL\s+DEFAULT\s+\d+ napi_register_module_v1/.test(symbols)) problems.push('it exports no module')
  for (const [, symbol, version] of symbols.matchAll(/GLOBAL\s+DEFAULT\s+UND (\S+?)(?:@(\S+))?(?:\s|$)/g)) {
    const [major, minor] = (version ?? '').replace('GLIBC_', '').split('.').map(Number)
    const isNew = major > newestGlibc[0] || (major === newestGlibc[0] && minor > newestGlibc[1])
    if (isNew) problems.push(`${symbol} is of ${version}: the limit is GLIBC_${newestGlibc.join('.')}`)
    if (libc === 'musl' && version !== undefined) problems.push(`${symbol} is of ${version}`)
  }
  return problems
}

const isComplete = process.argv.includes('--all')
let failed = 0
for (const target of crossTargets) {
  const isThere = existsSync(pathOf(target))
  if (!isThere && !isComplete) continue
  const problems = isThere ? problemsOf(target) : ['it is missing']
  console.log(`${target}: ${problems.join('; ') || 'as it should be'}`)
  if (problems.length > 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
