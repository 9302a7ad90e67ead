import { readFileSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from './machine.ts'
import {
  bootWithPodman,
  buildExampleImage,
  containers,
  deployServer,
  podmanExample,
} from './podman-machine.ts'

let machine: Machine

beforeAll(async () => {
  machine = await bootWithPodman()
})

afterAll(() => machine?.stop())

/** Waits until exactly one container of the unit is left, and says of which generation. */
async function generationLeft(unit: string): Promise<string | undefined> {
  let left: string[] = []
  const isOne = async () => {
    left = (await containers(machine)).filter((name) => new RegExp(`^${unit}-\\d+-\\d+$`).test(name))
    return left.length === 1
  }
  await waitFor(isOne, { deadlineMs: 20_000 }).catch(async (cause) => {
    const journal = (await machine.journal(unit)).slice(-30).join('\n')
    throw new Error(`not one container is left, but: ${left.join(', ')}\n${journal}`, { cause })
  })
  return left[0]?.split('-').at(-1)
}

async function noContainerIsLeft(): Promise<void> {
  await waitFor(async () => (await containers(machine)).length === 0, {
    deadlineMs: 20_000,
    what: 'the last container to be removed',
  })
  expect(await machine.run(['bash', '-c', 'cat /proc/[0-9]*/comm'])).not.toMatch(/conmon|podman/)
}

describe.each([
  { unit: 'procroll-example', port: 8080, rolls: 20 },
  { unit: 'procroll-example-healthy', port: 8081, rolls: 3 },
  { unit: 'procroll-example-conmon', port: 8082, rolls: 3 },
])('$unit', ({ unit, port, rolls }) => {
  beforeAll(async () => {
    await buildExampleImage(machine)
    await machine.run(['systemctl', 'start', unit])
  })

  afterAll(async () => {
    await machine.run(['systemctl', 'stop', unit])
    await noContainerIsLeft()
  })

  test(`${rolls} rolls under load fail no request, and leave one container`, async () => {
    const { MainPID } = await machine.show(unit, 'MainPID')
    const load = machine.load({ target: { port }, keepAlive: 8, newConnections: 4 })
    await load.answered(100)
    for (let roll = 1; roll <= rolls; roll++) {
      expect(await machine.systemctl('reload', unit)).toEqual({ code: 0, stdout: '', stderr: '' })
      expect((await machine.show(unit, 'StatusText')).StatusText).toContain(`generation ${roll + 1} ready`)
      await load.answered(20)
    }
    const { requests, ok, failed, failures, bodies } = await load.stop()
    console.log(`${unit}: ${rolls} rolls, ${requests} requests, ${failed} failed`)
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    expect(Object.keys(bodies)).toHaveLength(rolls + 1)
    expect(await generationLeft(unit)).toBe(String(rolls + 1))
    expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual({ MainPID, NRestarts: '0' })
  }, 180_000)
})

describe('a roll that fails', () => {
  const answer = (port: number) =>
    machine.run(['curl', '--silent', '--show-error', '--max-time', '10', `http://localhost:${port}/`])

  afterEach(async () => {
    await machine.systemctl('stop', 'procroll-example', 'procroll-example-healthy')
    await machine.install(podmanExample)
  })

  const idle = 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1000)'

  test.each([
    ['exits', 'procroll-example', 8080, 'process.exit(3)', 'exited with 3 before ready'],
    ['is never ready', 'procroll-example', 8080, idle, 'not ready within 10s'],
    ['is not healthy', 'procroll-example-healthy', 8081, idle, 'not ready within 10s'],
  ])(
    'whose container %s leaves the old one, and the status has the reason',
    async (_, unit, port, server, reason) => {
      await buildExampleImage(machine)
      await machine.run(['systemctl', 'start', unit])
      await deployServer(machine, server)
      await machine.run(['systemctl', 'reload', unit])
      expect((await machine.systemctl('status', unit)).stdout).toContain(
        `roll to generation 2 failed: ${reason}`,
      )
      expect(await answer(port)).toBe('1')
      expect(await generationLeft(unit)).toBe('1')
      await machine.install(podmanExample)
      await buildExampleImage(machine)
      await machine.run(['systemctl', 'reload', unit])
      expect(await answer(port)).toBe('3')
      expect(await generationLeft(unit)).toBe('3')
      expect((await machine.journal(unit)).join('\n')).not.toMatch(/level=WARN .*kill/)
    },
  )
})

describe('SIGKILL', () => {
  const unit = 'procroll-example'

  beforeAll(async () => {
    await machine.install(podmanExample)
    await buildExampleImage(machine)
    await machine.run(['systemctl', 'start', unit])
  })

  afterAll(() => machine.systemctl('stop', unit))

  test('at the drain timeout ends the container, not its client alone', async () => {
    const stubborn = `import { Notifier } from '@shellflip/sd-notify'
      process.on('SIGTERM', () => {})
      setInterval(() => {}, 1000)
      await Notifier.fromEnvironment().ready()`
    machine.write(
      `/etc/systemd/system/${unit}.service.d/impatient.conf`,
      `[Service]\nExecStart=\n${execStart().replace('--drain-timeout=20s', '--drain-timeout=1s')}`,
    )
    await machine.run(['systemctl', 'daemon-reload'])
    await deployServer(machine, stubborn)
    await machine.run(['systemctl', 'restart', unit])
    await machine.run(['systemctl', 'reload', unit])
    expect(await generationLeft(unit)).toBe('2')
    await machine.run(['systemctl', 'stop', unit])
    expect(await machine.show(unit, 'ActiveState', 'Result')).toEqual({
      ActiveState: 'inactive',
      Result: 'success',
    })
    const journal = (await machine.journal(unit)).join('\n')
    expect(journal).toMatch(/level=WARN msg=.*kill.*generation=1/)
    expect(journal).not.toContain('timed out')
    await noContainerIsLeft()
  })

  test('of procroll leaves no container to serve beside the next', async () => {
    await machine.install(podmanExample)
    await buildExampleImage(machine)
    await machine.run(['systemctl', 'start', unit])
    await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', unit])
    await machine.until(unit, { NRestarts: '1', ActiveState: 'active' })
    expect(await generationLeft(unit)).toBe('1')
    const servers = await machine.run(['bash', '-c', 'grep -lzx server[.]mjs /proc/[0-9]*/cmdline'])
    expect(servers.split('\n')).toHaveLength(1)
  })

  function execStart(): string {
    const text = readFileSync(machine.path(`/etc/systemd/system/${unit}.service`), 'utf8')
    return /ExecStart=(?:.*\\\n)*.*\n/.exec(text)?.[0] ?? ''
  }
})
