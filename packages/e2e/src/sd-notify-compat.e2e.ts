import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Machine } from './machine.ts'
import { machineFolder } from './places.ts'

const { version } = createRequire(import.meta.url)('sd-notify/package.json') as { version: string }

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot({ npmPackages: [`sd-notify@${version}`] })
  const recorder = 'record-sd-notify.mjs'
  machine.write(`/srv/${recorder}`, readFileSync(join(machineFolder, recorder), 'utf8'))
})

afterAll(() => machine?.stop())

/** Returns what the functions of a module returned, sent and wrote to the journal. */
async function recordOf(module: string): Promise<{ sent: unknown[] }> {
  const output = await machine.run(['node', '/srv/record-sd-notify.mjs', module])
  const { pid, record } = JSON.parse(output)
  await machine.run(['journalctl', '--sync'])
  const journal = await machine.run(['journalctl', '--output=json', '--all', `_PID=${pid}`])
  const entries = journal.split('\n').map((line) => {
    const { MESSAGE, PRIORITY, SYSLOG_IDENTIFIER } = JSON.parse(line)
    return { MESSAGE, PRIORITY, SYSLOG_IDENTIFIER }
  })
  return { ...record, entries }
}

test('@shellflip/sd-notify/compat does what sd-notify of npm does', async () => {
  const original = await recordOf('/usr/lib/node_modules/sd-notify')
  expect(original).toMatchObject({ entries: { length: 14 }, pings: ['WATCHDOG=1', 'WATCHDOG=1', 'stopped'] })
  expect(await recordOf('@shellflip/sd-notify/compat')).toEqual(original)
})
