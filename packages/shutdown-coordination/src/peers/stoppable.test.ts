// The cases of https://github.com/hunterloftis/stoppable, in our words. docs/peers-tests.md lists them all.
import { once } from 'node:events'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from '../index.ts'
import { RawClient } from '../testing/raw-client.ts'
import { connectionsOf, createServer, type Scheme, serving } from './request.ts'

const refusedConnection = expect.objectContaining({ code: 'ECONNREFUSED' })

/** stoppable(server, grace): stop() closes idle connections at once, and cuts the others after the grace. */
function stoppable(server: Server, graceMs = 20_000) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs: graceMs })
  coordinator.watch(server, { lingerMs: 0 })
  return {
    async stop(): Promise<{ gracefully: boolean }> {
      return { gracefully: (await coordinator.shutdown()).clean }
    },
  }
}

async function start(scheme: Scheme, handler: RequestListener, graceMs?: number) {
  const server = createServer(scheme, handler)
  const { stop } = stoppable(server, graceMs)
  return { server, stop, closed: once(server, 'close'), ...(await serving(server, scheme)) }
}

const hello: RequestListener = (_request, response) => response.end('hello')

describe.each(['http', 'https'] as const)('stop() of %s', (scheme) => {
  test.each([false, true])(
    'refuses new connections, and closes gracefully (clients keep alive: %s)',
    async (keepAlive) => {
      using service = await start(scheme, hello)
      const { server, request, stop, closed } = service
      expect(await request({ keepAlive })).toMatchObject({ body: 'hello' })
      const stopped = stop()
      await expect(request({ keepAlive })).rejects.toEqual(refusedConnection)
      await closed
      expect(await stopped).toEqual({ gracefully: true })
      expect(await connectionsOf(server)).toBe(0)
    },
  )

  test('resolves for a server without connections', async () => {
    using service = await start(scheme, hello)
    expect(await service.stop()).toEqual({ gracefully: true })
  })

  test('cuts what is left after the grace, and says so', async () => {
    const begun: ServerResponse[] = []
    using service = await start(
      scheme,
      (_request, response) => begun.push(response.writeHead(200)) && response.write('hi'),
      100,
    )
    const { server, request, stop, closed } = service
    const cut = [request({ keepAlive: true }), request({ keepAlive: true })].map((answer) =>
      expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' }),
    )
    await waitFor(() => begun.length === 2)
    const startedAt = performance.now()
    expect(await stop()).toEqual({ gracefully: false })
    await closed
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99)
    await Promise.all(cut)
    expect(await connectionsOf(server)).toBe(0)
  })

  test('closes the connections of requests in flight when each is answered', async () => {
    const begun = new Map<string | undefined, ServerResponse>()
    using service = await start(scheme, (request, response) => {
      begun.set(request.url, response.writeHead(200))
      response.write('hello')
    })
    const { request, stop, closed } = service
    const answers = ['/1', '/2'].map((path) => request({ keepAlive: true, path }))
    await waitFor(() => begun.size === 2)
    const stopped = stop()
    begun.get('/1')?.end('world')
    expect(await answers[0]).toMatchObject({ body: 'helloworld' })
    begun.get('/2')?.end('world')
    expect(await answers[1]).toMatchObject({ body: 'helloworld' })
    await closed
    expect(await stopped).toEqual({ gracefully: true })
  })
})

test('a process ends when its last request is answered, and not after the grace', async () => {
  const program = fileURLToPath(new URL('../testing/stops-itself.mjs', import.meta.url))
  await using service = TestProcess.node([program])
  const [, port] = await service.printed(/^ready at (\d+)$/m)
  using client = await RawClient.connect(Number(port))
  client.get('/')
  await client.answer(/hello\r\n5\r\nworld/)
  expect(await service.exit).toEqual({ code: 0, signal: null })
})
