import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Machine } from './machine.ts'
import { bootWithPodman, buildExampleImage, containers, podmanExample } from './podman-machine.ts'

const unit = 'procroll-example-reuseport'
const rolls = 10
/** Applies the files of /etc/sysctl.d at boot. */
const systemdSysctl = '/usr/lib/systemd/systemd-sysctl'

let machine: Machine

beforeAll(async () => {
  machine = await bootWithPodman()
  await buildExampleImage(machine)
  await machine.run(['systemctl', 'start', unit])
})

afterAll(() => machine?.stop())

/** Rolls under a load of new connections, which are what a closed listener loses. */
async function rollUnderLoad() {
  const load = machine.load({ target: { port: 8083 }, newConnections: 32 })
  await load.answered(100)
  for (let roll = 0; roll < rolls; roll++) {
    await machine.run(['systemctl', 'reload', unit])
    await load.answered(100)
  }
  const report = await load.stop()
  expect(Object.keys(report.bodies).length).toBeGreaterThan(rolls)
  return report
}

test('SO_REUSEPORT: what waits at a listener that is closed is lost, unless the kernel may move it', async () => {
  const plain = await rollUnderLoad()
  await machine.run([systemdSysctl, `/srv/${podmanExample}/current/tcp-migrate-req.conf`])
  const migrating = await rollUnderLoad()
  for (const [sysctl, { requests, failed, failures }] of Object.entries({ 0: plain, 1: migrating })) {
    console.log(`tcp_migrate_req=${sysctl}: ${rolls} rolls, ${requests} requests, ${failed} failed`, failures)
  }
  expect(migrating).toMatchObject({ failed: 0, ok: migrating.requests })

  await machine.run(['systemctl', 'stop', unit])
  expect(await containers(machine)).toEqual([])
})
