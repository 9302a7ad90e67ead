import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ServicePlace, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const shellflip = `${here}node_modules/shellflip/dist/cli.js`

/** Releases beside a `current` link, and the first of them serving. */
async function deploy(place: ServicePlace) {
  symlinkSync(`${here}node_modules`, place.join('node_modules'))
  const release = (version: string) => {
    symlinkSync(version.startsWith('/') ? version : `${here}releases/${version}`, place.join('next'))
    renameSync(place.join('next'), place.join('current'))
  }
  release('v1')
  const service = place.start(['current/server.mjs'], { env: { PORT: '0' } })
  const [, origin] = await service.printed(/^v1 .* serves at (.*)$/m)
  return {
    service,
    release,
    restart: () => place.finish([shellflip, 'restart', '--socket', 'run/restart.sock', '--timeout', '30s']),
    visit: async (path: string) => {
      const response = await fetch(`${origin}${path}`, { headers: { Connection: 'close' } })
      return response.text()
    },
  }
}

const restarted = { code: 0, stdout: expect.stringMatching(/^restarted: pid \d+ in \d+ ms\n$/), stderr: '' }

test('its counts survive an upgrade to a version that stores more, and the way back', async () => {
  await using place = new ServicePlace()
  const { release, restart, visit } = await deploy(place)
  expect(await visit('/')).toBe('v1: visit 1 to /\n')
  expect(await visit('/')).toBe('v1: visit 2 to /\n')

  release('v2')
  expect(await restart()).toMatchObject(restarted)
  const since = /^v2: visit 3 to \/ since (.*)\n$/.exec(await visit('/'))?.[1]
  expect(since).toBeDefined()

  expect(await restart()).toMatchObject(restarted)
  expect(await visit('/')).toBe(`v2: visit 4 to / since ${since}\n`)

  release('v1')
  expect(await restart()).toMatchObject(restarted)
  expect(await visit('/')).toBe('v1: visit 5 to /\n')
})

test('SIGUSR2 replaces it as well, and exactly one process is left', async () => {
  await using place = new ServicePlace()
  const { service, release, visit } = await deploy(place)
  await visit('/')
  release('v2')
  service.kill('SIGUSR2')
  const [, pid] = await service.printed(/^v2 \(pid (\d+)\) serves/m)
  expect(await visit('/')).toMatch(/^v2: visit 2/)
  await waitFor(() => place.processes.length === 1)
  expect(place.processes).toEqual([Number(pid)])
})

test.each([
  ['does not start', () => 'throw new Error("broken")', 'exited with 1 before it was ready'],
  ['rejects the state', rejecting, 'state["/"]: Invalid input: expected string, received number'],
])('a release that %s leaves the old one serving, and the command reports it', async (_, program, reason) => {
  await using place = new ServicePlace()
  const { service, release, restart, visit } = await deploy(place)
  await visit('/')
  mkdirSync(place.join('broken'))
  writeFileSync(place.join('broken/server.mjs'), program())
  release(place.join('broken'))
  const { code, stdout, stderr } = await restart()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^shellflip: restart failed: .*\n$/)
  expect(stderr).toContain(reason)
  expect(place.processes).toEqual([service.pid])
  expect(await visit('/')).toBe('v1: visit 2 to /\n')
})

/** A release whose author has forgotten that the state has another form now. */
function rejecting(): string {
  return readFileSync(`${here}releases/v1/server.mjs`, 'utf8').replace('z.int()', 'z.string()')
}

test('SIGTERM ends it, and nothing of it is left', async () => {
  await using place = new ServicePlace()
  const { service, restart } = await deploy(place)
  expect(await restart()).toMatchObject(restarted)
  const [pid = 0] = place.processes.filter((one) => one !== service.pid)
  process.kill(pid, 'SIGTERM')
  await service.printed(new RegExp(`^v1 \\(pid ${pid}\\) is stopped$`, 'm'))
  await waitFor(() => place.processes.length === 0)
  expect(readdirSync(place.join('run'))).toEqual([])
})
