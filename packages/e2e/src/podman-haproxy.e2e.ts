import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Machine } from './machine.ts'
import { examplesFolder } from './places.ts'
import { bootWithPodman, buildExampleImage, containers, podmanExample } from './podman-machine.ts'

const unit = 'procroll-example-proxied'

let machine: Machine

beforeAll(async () => {
  machine = await bootWithPodman()
  await buildExampleImage(machine)
  await machine.run(['podman', 'network', 'create', '--subnet=10.89.7.0/24', 'procroll-example'])
  await machine.run(['systemctl', 'start', unit])
  machine.write(
    '/etc/haproxy/haproxy.cfg',
    readFileSync(join(examplesFolder, podmanExample, 'haproxy.cfg'), 'utf8'),
  )
  await machine.run(['systemctl', 'restart', 'haproxy'])
  await answeredBy('1')
})

afterAll(() => machine?.stop())

/** Waits until HAProxy asks this generation. */
async function answeredBy(generation: string): Promise<void> {
  await waitFor(
    async () =>
      (await machine.exec(['curl', '--silent', 'http://localhost:8084/'])).stdout === `${generation}\n`,
    { deadlineMs: 20_000, what: `HAProxy to have generation ${generation} answer` },
  )
}

test('containers behind HAProxy are rolled without a failed request', async () => {
  const load = machine.load({ target: { port: 8084 }, keepAlive: 8, newConnections: 4 })
  await load.answered(100)
  for (let roll = 1; roll <= 3; roll++) {
    await machine.run(['systemctl', 'reload', unit])
    expect((await machine.show(unit, 'StatusText')).StatusText).toContain(`generation ${roll + 1} ready`)
    await answeredBy(String(roll + 1))
    await load.answered(100)
  }
  const { requests, ok, failed, failures, bodies } = await load.stop()
  console.log(`behind HAProxy: 3 rolls, ${requests} requests, ${failed} failed`, failures)
  expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
  expect(Object.keys(bodies)).toEqual(['1\n', '2\n', '3\n', '4\n'])
  await waitFor(async () => (await containers(machine)).length === 1, { deadlineMs: 20_000 })
  await machine.run(['systemctl', 'stop', unit])
  expect(await containers(machine)).toEqual([])
})
