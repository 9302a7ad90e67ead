// The test suite under each Node of matrix/package.json (Linux x64), one line a version.
//   npm run matrix                                  all of them, everything
//   npm run matrix -- 24 26 packages/sd-notify      some of them, some of the tests
//   npm run matrix -- 26 --brief                    without the tests that take long and ask little of Node
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { root } from './public-packages.mjs'
import { runCommand } from './run-command.mjs'

const matrix = `${root}/matrix`
const all = Object.keys(JSON.parse(readFileSync(`${matrix}/package.json`, 'utf8')).dependencies)
const args = process.argv.slice(2)
const asked = args.filter((arg) => /^\d+$/.test(arg)).map((major) => `node${major}`)
const isBrief = args.includes('--brief')
const filters = args.filter((arg) => !/^\d+$/.test(arg) && arg !== '--brief')
const long = [
  'packages/shellflip/src/{two-hundred-upgrades,under-load,fault-matrix,fault-surroundings,random-signals,bad-input}.process.test.ts',
  'packages/bench/**',
  'packages/shutdown-coordination/src/peers/**',
  'packages/builds/**',
  'scripts/**',
]
const excluded = isBrief ? long.flatMap((files) => ['--exclude', `**/${files}`]) : []
const unknown = asked.find((name) => !all.includes(name))
if (unknown) refuse(`${unknown} is not in matrix/package.json, which has ${all.join(', ')}`)

if (`${process.platform}-${process.arch}` !== 'linux-x64') {
  refuse('the matrix is made of Linux x64 builds; elsewhere, install each Node and run npm test under it')
}
execFileSync(
  `${root}/node_modules/.bin/pnpm`,
  ['install', '--ignore-workspace', '--frozen-lockfile', '--silent'],
  {
    cwd: matrix,
    stdio: 'inherit',
  },
)

// The count alone reports what passed. The lines of a failed run report what failed.
const reporters = ['--reporter=minimal', `--reporter=${root}/scripts/count-reporter.mjs`]

for (const name of asked.length > 0 ? asked : all) {
  const bin = `${matrix}/node_modules/${name}/bin`
  const version = execFileSync(`${bin}/node`, ['--version'], { encoding: 'utf8' }).trim()
  const started = performance.now()
  const { ok, lines } = await runCommand(
    [`${bin}/node`, `${root}/node_modules/vitest/vitest.mjs`, 'run', ...reporters, ...excluded, ...filters],
    {
      cwd: root,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1' },
      deadlineMs: 15 * 60_000,
    },
  )
  if (!ok) for (const line of lines) console.log(`      ${line}`)
  console.log(`${version}: ${lines.at(-1)} (${Math.round((performance.now() - started) / 1000)} s)`)
  if (!ok) process.exitCode = 1
}

function refuse(why) {
  console.error(why)
  process.exit(2)
}
