// The cases of https://github.com/gajus/http-terminator, in our words. docs/peers-tests.md lists them all.
import type { RequestListener, ServerResponse } from 'node:http'
import { waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from '../index.ts'
import { connectionsOf, createServer, type Scheme, serving } from './request.ts'

/** createHttpTerminator({ server, gracefulTerminationTimeout }) with its terminate(). */
async function start(scheme: Scheme, handler: RequestListener, timeoutMs = 20_000) {
  const server = createServer(scheme, handler)
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs: timeoutMs })
  coordinator.watch(server, { lingerMs: 0 })
  return { server, terminate: () => coordinator.shutdown(), ...(await serving(server, scheme)) }
}

/** Holds each response until the test ends it. */
function holding() {
  const held: ServerResponse[] = []
  const handler: RequestListener = (_request, response) => held.push(response)
  return { handler, next: (index: number) => waitFor(() => held[index]) }
}

describe.each(['http', 'https'] as const)('terminate() of %s', (scheme) => {
  test('ends a server without connections', async () => {
    using service = await start(scheme, () => {})
    expect(service.server.listening).toBe(true)
    await service.terminate()
    expect(service.server.listening).toBe(false)
  })

  test('ends hanging connections after the timeout, and not before', async () => {
    const { handler, next } = holding()
    using service = await start(scheme, handler, 150)
    const { server, request, terminate } = service
    const cut = expect(request()).rejects.toMatchObject({ code: 'ECONNRESET' })
    await next(0)
    const terminated = terminate()
    expect(await connectionsOf(server)).toBe(1)
    expect((await terminated).elapsedMs).toBeGreaterThanOrEqual(149)
    await cut
    await waitFor(async () => (await connectionsOf(server)) === 0)
  })

  test('refuses new connections, and answers what is in flight with Connection: close', async () => {
    const { handler, next } = holding()
    using service = await start(scheme, handler)
    const { request, terminate } = service
    const answer = request({ keepAlive: true })
    const response = await next(0)
    void terminate()
    await expect(request()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    response.end('foo')
    expect(await answer).toMatchObject({ body: 'foo', headers: { connection: 'close' } })
  })

  test('answers a request that comes on a connection in use, with Connection: close', async () => {
    const { handler, next } = holding()
    // The connection lingers after an answer that promised to keep it: the next request may be under way.
    const server = createServer(scheme, handler)
    const coordinator = new ShutdownCoordinator()
    coordinator.watch(server, { lingerMs: 1_000 })
    using service = await serving(server, scheme)
    const agent = service.newAgent(true, 1)
    const first = service.request({ agent })
    const firstResponse = await next(0)
    firstResponse.write('foo')
    void coordinator.shutdown()
    const second = service.request({ agent })
    firstResponse.end('bar')
    expect(await first).toMatchObject({ body: 'foobar', headers: { connection: 'keep-alive' } })
    const secondResponse = await next(1)
    secondResponse.end('baz')
    expect(await second).toMatchObject({ body: 'baz', headers: { connection: 'close' } })
  })

  test('does not say Connection: close before it is called', async () => {
    using service = await start(scheme, (_request, response) => response.end('foo'))
    expect(await service.request({ keepAlive: true })).toMatchObject({
      headers: { connection: 'keep-alive' },
    })
  })

  test('keeps no connection that has ended', async () => {
    using service = await start(scheme, (_request, response) => response.end('foo'))
    await service.request()
    await waitFor(async () => (await connectionsOf(service.server)) === 0)
    const { servers } = await service.terminate()
    expect(servers[0]).toMatchObject({ closedIdle: 0, cut: [] })
  })

  test('resolves as soon as what is in flight is answered', async () => {
    const { handler, next } = holding()
    using service = await start(scheme, handler)
    const answer = service.request()
    const response = await next(0)
    const terminated = service.terminate()
    response.end('foo')
    await answer
    expect(await terminated).toMatchObject({ clean: true })
    expect(await connectionsOf(service.server)).toBe(0)
  })
})
