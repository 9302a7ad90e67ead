import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { isAlive, LoadClient, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { writeRecipe } from './recipe.ts'
import { RecipeService } from './recipe-service.ts'

const frameworks = ['Express', 'Fastify', 'Koa', 'Hono', 'Nest']
const upgrades = 3

test.each(frameworks)(
  `%s: ${upgrades} upgrades fail no request and close no connection, SIGTERM drains`,
  { timeout: 60_000 },
  async (framework) => {
    await using service = await RecipeService.start(writeRecipe(framework))
    const { port } = service
    const load = LoadClient.start({
      target: { port },
      keepAlive: 4,
      thinkTimeMs: 1,
      expectBody: /^hello\n$/,
    })
    for (let n = 0; n < upgrades; n++) {
      await answered(load, 20)
      await service.upgrade()
    }
    await answered(load, 20)
    expect(await load.stop()).toMatchObject({ failed: 0, reconnects: 0 })

    const slow = await beginRequest(port)
    process.kill(service.pid, 'SIGTERM')
    await waitFor(() => isRefused(port), { what: 'the drain' })
    slow.write('st\r\n\r\n')
    expect(await text(slow)).toMatch(/HTTP\/1\.1 200 OK\r\n.*connection: close\r\n.*hello\n/is)
    await waitFor(() => !isAlive(service.pid), { what: 'its end' })
    expect(await service.process.exit).toEqual({ code: 0, signal: null })
    expect(service.process.stderr).toBe('')
  },
)

async function answered(load: LoadClient, more: number): Promise<void> {
  const { ok } = load.counts
  await waitFor(() => load.counts.ok >= ok + more, { what: `${more} answers` })
}

/** A connection with a request of which only the beginning has come in. */
async function beginRequest(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  // An answer shows that the connection was accepted. The next request begins in the same piece.
  socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: te')
  await once(socket, 'data')
  return socket
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}
