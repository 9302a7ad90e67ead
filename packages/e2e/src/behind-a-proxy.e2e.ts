import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'
import { serverPackages } from './recipe-machine.ts'

const folder = '/srv/behind-a-proxy/current'
const controlSocket = '/run/behind-a-proxy/restart.sock'
const upgrades = 20

type Proxy = { name: string; port: number; command: readonly string[] }

const proxies = {
  nginx: { port: 8121, command: ['nginx', '-c', `${folder}/nginx.conf`, '-g', 'daemon off;'] },
  haproxy: { port: 8122, command: ['haproxy', '-W', '-f', `${folder}/haproxy.cfg`] },
  caddy: { port: 8123, command: ['caddy', 'run', '--config', `${folder}/Caddyfile`] },
}

/** Debian's units of nginx and Caddy both want port 80, so they need two machines. */
const machines: [readonly (keyof typeof proxies)[], readonly string[]][] = [
  [['nginx', 'haproxy'], serverPackages],
  [['caddy'], ['caddy']],
]

describe.each(machines)('behind %j', (names, debianPackages) => {
  let machine: Machine
  const started: Proxy[] = names.map((name) => ({ name, ...proxies[name] }))

  beforeAll(async () => {
    machine = await Machine.boot({ debianPackages })
    await machine.install('behind-a-proxy')
    await start(
      'service',
      ['Type=notify', 'RuntimeDirectory=behind-a-proxy'],
      ['node', `${folder}/server.mjs`],
    )
    for (const { name, port, command } of started) {
      await start(`proxy-${name}`, [], command)
      await waitFor(() => answers(port), { what: `${name} to answer` })
    }
  })

  afterAll(() => machine?.stop())

  test(`${upgrades} upgrades fail no request`, { timeout: 240_000 }, async () => {
    const loads = started.map(({ port }) =>
      machine.load({ target: { port }, keepAlive: 4, newConnections: 1, thinkTimeMs: 5 }),
    )
    const answered = () => Promise.all(loads.map((load) => load.answered(20)))
    for (let n = 0; n < upgrades; n++) {
      await answered()
      await machine.run(['shellflip', 'restart', '--socket', controlSocket])
    }
    await answered()
    for (const [index, load] of loads.entries()) {
      const { requests, ok, failed, failures, reconnects, bodies } = await load.stop()
      console.log(`behind ${names[index]}: ${upgrades} upgrades, ${requests} requests, ${failed} failed`)
      expect({ failed, failures, ok, reconnects }).toMatchObject({ failed: 0, ok: requests, reconnects: 0 })
      expect(Object.keys(bodies)).toHaveLength(upgrades + 1)
    }
  })

  /** Starts a command as a unit, which ends with the machine. */
  async function start(unit: string, properties: string[], command: readonly string[]): Promise<void> {
    const options = properties.map((property) => `--property=${property}`)
    await machine.run(['systemd-run', `--unit=${unit}`, ...options, '--', ...command])
  }

  async function answers(port: number): Promise<boolean> {
    return (await machine.exec(['curl', '--silent', '--fail', `http://127.0.0.1:${port}/`])).code === 0
  }
})
