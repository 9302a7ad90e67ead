import { afterAll, beforeAll, test } from 'vitest'
import type { Machine } from './machine.ts'
import { bootWithRecipes, edit, rollUnderLoad } from './recipe-machine.ts'

let machine: Machine

// A machine of its own: the units that Debian enables for nginx and Caddy both want port 80.
beforeAll(async () => {
  machine = await bootWithRecipes(['caddy'])
})

afterAll(() => machine?.stop())

test('Caddy is rolled without a failed request', { timeout: 180_000 }, async () => {
  await machine.run(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/tcp_migrate_req'])
  const deploy = () => edit(machine, 'Caddyfile')
  await rollUnderLoad(machine, { name: 'caddy', port: 8103, deploy })
})
