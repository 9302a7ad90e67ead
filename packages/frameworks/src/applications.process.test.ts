import { isAlive, LoadClient, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { grpc, socketIo, trpc } from './application-clients.ts'
import { ApplicationLoad } from './application-load.ts'
import { writeApplication } from './recipe.ts'
import { RecipeService } from './recipe-service.ts'

const upgrades = 2

test.each([
  ['Socket.IO by polling', 'Socket.IO', 'hello you', socketIo('polling')],
  ['Socket.IO by WebSocket', 'Socket.IO', 'hello you', socketIo('websocket')],
  ['tRPC by WebSocket', 'tRPC', 'hello', trpc],
  ['gRPC', 'gRPC', 'hello you', grpc],
])(
  `%s: ${upgrades} upgrades fail no call, and each old process ends`,
  { timeout: 60_000 },
  async (_, name, hello, connect) => {
    await using service = await RecipeService.start(writeApplication(name))
    const clients = [connect(service.port), connect(service.port)]
    const load = new ApplicationLoad(clients)
    {
      await using _load = load
      for (let n = 0; n < upgrades; n++) {
        await load.answered(20)
        const { pid } = service
        await service.upgrade()
        await load.answered(20)
        await waitFor(() => !isAlive(pid), { what: 'the end of the old process' })
      }
    }
    expect(load.failures).toEqual([])
    expect(new Set(load.answers)).toEqual(new Set([hello]))
    await endsBySigterm(service)
  },
)

test(`GraphQL Yoga: ${upgrades} upgrades fail no query, and move each subscription to the new process`, {
  timeout: 60_000,
}, async () => {
  await using service = await RecipeService.start(writeApplication('GraphQL Yoga'))
  const { port } = service
  await using load = LoadClient.start({
    target: { port },
    path: '/graphql?query={hello}',
    keepAlive: 2,
    expectBody: /hello/,
  })
  for (let n = 0; n < upgrades; n++) {
    const subscription = await subscribe(port)
    expect(subscription.pid).toBe(service.pid)
    await service.upgrade()
    await waitFor(() => subscription.isCut, { what: 'the end of the subscription' })
  }
  expect((await subscribe(port)).pid).toBe(service.pid)
  expect(await load.stop()).toMatchObject({ failed: 0, reconnects: 0 })
  await endsBySigterm(service)
})

/** A subscription of which the first event has come, the pid that it tells, and whether it was cut. */
async function subscribe(port: number) {
  const { body } = await fetch(`http://127.0.0.1:${port}/graphql?query=subscription{countdown}`, {
    headers: { accept: 'text/event-stream' },
  })
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async () => {
    const piece = await reader?.read()
    text += piece?.value ?? ''
    return piece?.done !== true
  }
  while (!/"countdown":\d+/.test(text) && (await read()));
  const subscription = { pid: Number(/"countdown":(\d+)/.exec(text)?.[1]), isCut: false }
  const toItsEnd = async () => {
    while (await read());
  }
  void toItsEnd().catch(() => {
    subscription.isCut = true
  })
  return subscription
}

async function endsBySigterm(service: RecipeService): Promise<void> {
  process.kill(service.pid, 'SIGTERM')
  expect(await service.process.exit).toEqual({ code: 0, signal: null })
  expect(service.process.stderr).toBe('')
}
