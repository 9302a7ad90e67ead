// Makes a fresh clone ready: dependencies, the native addon, the build. Doing it again costs next to nothing.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'

const root = dirname(import.meta.dirname)
const { packageManager } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // turbo looks for pnpm on PATH; npm would have put this folder there.
    env: {
      ...process.env,
      PATH: `${root}/node_modules/.bin:${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: '1',
    },
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function installed() {
  const stamp = `${root}/node_modules/.modules.yaml`
  if (!existsSync(stamp)) return false
  return statSync(stamp).mtimeMs >= statSync(`${root}/pnpm-lock.yaml`).mtimeMs
}

/** pnpm links a program only if it is there when it installs, and ours are built afterwards. */
function linkProgram(name) {
  const link = `${root}/node_modules/.bin/${name}`
  if (existsSync(link)) return
  rmSync(link, { force: true })
  symlinkSync(`../../packages/${name}/dist/cli.js`, link)
}

if (!installed()) run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'])
run(`${root}/node_modules/.bin/turbo`, [
  'run',
  'build',
  'native',
  '--output-logs=errors-only',
  '--no-update-notifier',
])
for (const name of ['procroll', 'shellflip']) linkProgram(name)
