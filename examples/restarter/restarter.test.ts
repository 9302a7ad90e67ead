import { copyFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isAlive, ServicePlace, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The program in a folder of its own, as a deploy would put it there, serving. */
async function deploy(place: ServicePlace) {
  const program = place.join('restarter.mjs')
  const install = () => copyFileSync(`${here}restarter.mjs`, program)
  install()
  symlinkSync(`${here}node_modules`, place.join('node_modules'))
  const service = place.start([program, '--socket', 'run/restart.sock', '--port', '0'])
  const [, port] = await service.printed(/^generation 1 .* serves at port (\d+)$/m)
  return {
    service,
    port: Number(port),
    install,
    installBroken: () => writeFileSync(program, 'throw new Error("broken")'),
    restart: () =>
      place.finish([`${here}restarter.mjs`, 'restart', '--socket', place.join('run/restart.sock')]),
  }
}

/** A client that stays connected; it knows how it was greeted. */
async function client(port: number) {
  const socket = connect(port, '127.0.0.1').setTimeout(10_000, () => socket.destroy(new Error('no answer')))
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const read = async () => (await lines.next()).value
  return {
    greeting: await read(),
    async echo(line: string) {
      socket.write(`${line}\n`)
      return read()
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}

async function greeting(port: number): Promise<string> {
  using visitor = await client(port)
  return visitor.greeting
}

test('its restart command and SIGUSR2 replace it, and clients keep their count and their connection', async () => {
  await using place = new ServicePlace()
  const { service, port, restart } = await deploy(place)
  using early = await client(port)
  expect(early.greeting).toBe('connection 1, to generation 1')

  const { code, stdout, stderr } = await restart()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [, pid] = /^restarted: pid (\d+)\n$/.exec(stdout) ?? []
  expect(await greeting(port)).toBe('connection 2, to generation 2')
  expect(await early.echo('still there?')).toBe('still there?')
  early[Symbol.dispose]()
  await waitFor(() => !isAlive(service.pid))

  process.kill(Number(pid), 'SIGUSR2')
  await service.printed(/^generation 3 .* serves/m)
  expect(await greeting(port)).toBe('connection 3, to generation 3')
})

test('a new version that is broken leaves the old one serving, and the command reports it', async () => {
  await using place = new ServicePlace()
  const { service, port, install, installBroken, restart } = await deploy(place)
  installBroken()
  expect(await restart()).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr:
      'restart failed: the successor exited with 1 before it was ready. Its standard error has the reason.\n',
  })
  expect(await greeting(port)).toBe('connection 1, to generation 1')
  expect(place.processes).toEqual([service.pid])

  install()
  expect((await restart()).code).toBe(0)
  expect(await greeting(port)).toBe('connection 2, to generation 2')
})

test('SIGTERM ends it, and nothing of it is left', async () => {
  await using place = new ServicePlace()
  const { service, restart } = await deploy(place)
  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout).toMatch(/^generation 1: SIGTERM$/m)
  expect(readdirSync(place.join('run'))).toEqual([])
  const { code, stderr } = await restart()
  expect(code).toBe(1)
  expect(stderr).toMatch(/^restart failed: no process listens at .*\n$/)
})
