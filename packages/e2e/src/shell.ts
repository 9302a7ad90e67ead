import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { E2eError } from './e2e-error.ts'
import { Machine } from './machine.ts'
import { examplesFolder } from './places.ts'
import { bootWithPodman, buildExampleImage, podmanExample } from './podman-machine.ts'

/** `npm run e2e:shell [EXAMPLE]`: a shell in a booted machine in which an example is installed and started. */
async function main(example = 'procroll-notify-reload'): Promise<number> {
  const units = unitsOf(example)
  if (units.length === 0) {
    console.error(`no example with unit files is called ${example}; there are: ${examples().join(', ')}`)
    return 2
  }
  console.error('booting (the first time, the root file system is built: about a minute)')
  await using machine = example === podmanExample ? await bootWithPodman() : await Machine.boot()
  await machine.install(example)
  if (example === podmanExample) await buildExampleImage(machine)
  await machine.run(['systemctl', 'start', ...units])
  console.error(`started: ${units.join(', ')}. The service is in /srv/${example}. Leave with exit.`)

  const enter = [`--target=${machine.pid}`, '--all', '--root', '--wd', '--', '/bin/bash', '--login']
  const shell = spawn('nsenter', enter, {
    stdio: 'inherit',
    env: { TERM: process.env.TERM ?? 'dumb', HOME: '/root', LANG: 'C.UTF-8' },
  })
  const [code] = await once(shell, 'exit')
  return code ?? 1
}

function examples(): string[] {
  return readdirSync(examplesFolder).filter((name) => unitsOf(name).length > 0)
}

/** The started units: sockets, and services that none of them starts. */
function unitsOf(example: string): string[] {
  const folder = join(examplesFolder, example)
  if (!existsSync(folder)) return []
  // Its other units need a setting, a network or a proxy besides.
  if (example === podmanExample) return ['procroll-example.service']
  const names = readdirSync(folder)
  const isActivated = (name: string) => names.includes(name.replace(/\.service$/, '.socket'))
  return names.filter((name) => name.endsWith('.socket') || (name.endsWith('.service') && !isActivated(name)))
}

// The shell's interrupts are not ours: it ends by itself, and the machine after it.
process.on('SIGINT', () => {})

try {
  process.exitCode = await main(...process.argv.slice(2))
} catch (error) {
  if (!(error instanceof E2eError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
