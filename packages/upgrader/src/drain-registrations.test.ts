import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import { expect, test } from 'vitest'
import { DrainRegistrations } from './drain-registrations.ts'

test('objects of one name are numbered, and one that comes again keeps its name', async () => {
  const drains = new DrainRegistrations()
  const coordinator = new ShutdownCoordinator()
  const [web, other] = [createServer(), createServer()]
  const names: string[] = []
  const register = (server: typeof web) =>
    drains.register(server, 'app.socket', (name) => {
      names.push(name)
      return coordinator.watch(server, { name })
    })
  register(web)
  register(other)
  register(web)
  drains.register(createSocket('udp4'), 'app.socket', (name) => coordinator.onDrain(name, async () => {}))
  expect(names).toEqual(['app.socket', 'app.socket 2', 'app.socket'])
  expect(web.listenerCount('connection')).toBe(other.listenerCount('connection'))
  const { servers } = await coordinator.shutdown()
  expect(servers.map(({ name }) => name)).toEqual(['app.socket 2', 'app.socket'])
})

test.each([
  [{ lingerMs: Infinity }, 'ERR_INVALID_ARGUMENT', /^flip\.listen\(\): lingerMs must be at most/],
  [{ name: '' }, 'ERR_INVALID_ARGUMENT', /its name must be a text/],
])('what the coordinator refuses, %j, is an error of flip.listen()', (options, code, message) => {
  const server = createServer()
  const register = () =>
    new DrainRegistrations().register(server, 'web', () => new ShutdownCoordinator().watch(server, options))
  expect(register).toThrow(expect.objectContaining({ name: 'ShellflipError', code }))
  expect(register).toThrow(message)
})
