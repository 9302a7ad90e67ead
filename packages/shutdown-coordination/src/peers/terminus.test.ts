// The cases of https://github.com/godaddy/terminus, in our words. docs/peers-tests.md lists them all.
import { fileURLToPath } from 'node:url'
import { TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from '../index.ts'
import { createServer, serving } from './request.ts'

type Check = { status: number; body: unknown }

/**
 * createTerminus(server, { healthChecks, sendFailuresDuringShutdown }): the health check is the program's, and
 * `coordinator.signal` tells it of the shutdown. The server accepts until the load balancer has seen that.
 */
async function start({
  sendFailuresDuringShutdown = true,
  failure = { status: 503, body: { status: 'error' } },
} = {}) {
  const coordinator = new ShutdownCoordinator()
  let failuresSent = 0
  const health = (): Check => {
    if (!coordinator.signal.aborted || !sendFailuresDuringShutdown)
      return { status: 200, body: { status: 'ok' } }
    failuresSent += 1
    return failure
  }
  const server = createServer('http', (request, response) => {
    if (request.url !== '/health') return response.end('hello')
    const { status, body } = health()
    return response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  })
  coordinator.watch(server, { keepAcceptingMs: 300, lingerMs: 0 })
  return { coordinator, failuresSent: () => failuresSent, ...(await serving(server)) }
}

describe('a health check', () => {
  test('leaves all other paths alone', async () => {
    using service = await start()
    expect(await service.request()).toMatchObject({ body: 'hello' })
  })

  test('succeeds before the shutdown', async () => {
    using service = await start()
    expect(await service.request({ path: '/health' })).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(service.failuresSent()).toBe(0)
  })

  test('fails on a new connection as soon as the shutdown begins, and is counted', async () => {
    using service = await start()
    const done = service.coordinator.shutdown()
    expect(await service.request({ path: '/health' })).toMatchObject({
      status: 503,
      body: '{"status":"error"}',
    })
    expect(service.failuresSent()).toBe(1)
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
  })

  test('fails with a status and a body of its own', async () => {
    using service = await start({ failure: { status: 500, body: { status: 'down' } } })
    const done = service.coordinator.shutdown()
    expect(await service.request({ path: '/health' })).toMatchObject({
      status: 500,
      body: '{"status":"down"}',
    })
    await done
  })

  test('can succeed during the shutdown', async () => {
    using service = await start({ sendFailuresDuringShutdown: false })
    const done = service.coordinator.shutdown()
    expect(await service.request({ path: '/health' })).toMatchObject({ status: 200 })
    expect(service.failuresSent()).toBe(0)
    await done
  })
})

const program = fileURLToPath(new URL('../testing/terminus-service.mjs', import.meta.url))

describe('a signal', () => {
  const signals = ['SIGTERM', 'SIGINT', 'SIGUSR2'] as const

  test('runs onSignal and then onShutdown, alone', async () => {
    await using service = TestProcess.node([program, 'SIGUSR2', 'SIGUSR2'])
    expect(await service.exit).toEqual({ code: null, signal: 'SIGUSR2' })
    expect(service.stdout).toBe('onSignal\nonShutdown\n')
  })

  test.each(signals)('runs onSignal and then onShutdown, of several: %s', async (signal) => {
    await using service = TestProcess.node([program, signal, ...signals])
    expect(await service.exit).toEqual({ code: null, signal })
    expect(service.stdout).toBe('onSignal\nonShutdown\n')
  })

  test('can end the process with status 0', async () => {
    await using service = TestProcess.node([program, 'exit0', 'SIGTERM'])
    expect(await service.exit).toEqual({ code: 0, signal: null })
  })
})

test('several servers drain at once, and the work after each of them runs', async () => {
  const coordinator = new ShutdownCoordinator()
  const order: string[] = []
  for (const name of ['server1', 'server2', 'server3']) {
    const server = createServer('http', () => {})
    coordinator.watch(server, { name })
    coordinator.onDrain(`after ${name}`, async () => order.push(name), { after: name })
    server.listen(0, '127.0.0.1')
    await waitFor(() => server.listening)
  }
  expect(await coordinator.shutdown()).toMatchObject({ clean: true })
  expect(order).toEqual(['server1', 'server2', 'server3'])
})
