import { Agent, get } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ServicePlace, waitFor } from '@shellflip/testing'
import { askForRestart } from '@shellflip/upgrader'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('./testing/keeping-service.mjs', import.meta.url))

async function startedService() {
  const place = new ServicePlace()
  const controlSocket = place.join('run', 'restart.sock')
  const process = place.start([program], { env: { CONTROL_SOCKET: controlSocket } })
  const [, pid, port] = await process.printed(/(\d+) serves at (\d+)/)
  return {
    pid: Number(pid),
    process,
    client: () => new Client(Number(port)),
    upgrade: async (): Promise<number> => {
      const outcome = await askForRestart(controlSocket)
      if (outcome.type !== 'restarted' || outcome.pid === undefined) throw new Error(JSON.stringify(outcome))
      return outcome.pid
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
}

/** A client with one connection, as long as that stays open. */
class Client implements Disposable {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #sockets = new Set<Socket>()

  constructor(port: number) {
    this.#port = port
  }

  get connections(): number {
    return this.#sockets.size
  }

  get isOpen(): boolean {
    return [...this.#sockets].some(({ closed, readableEnded }) => !closed && !readableEnded)
  }

  ask(path: string): Promise<{ answer: string; connection: string | undefined }> {
    const { promise, resolve, reject } = withResolvers<{ answer: string; connection: string | undefined }>()
    const request = get({ host: '127.0.0.1', port: this.#port, path, agent: this.#agent }, (response) => {
      text(response).then((answer) => resolve({ answer, connection: response.headers.connection }), reject)
    })
    request.once('socket', (socket) => this.#sockets.add(socket)).once('error', reject)
    return promise
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function withResolvers<T>() {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<T>((...functions) => {
    ;[resolve, reject] = functions
  })
  return { promise, resolve, reject }
}

test('what a service keeps for each HTTP connection moves with it, from generation to generation', async () => {
  await using service = await startedService()
  using talking = service.client()
  using silent = service.client()
  await talking.ask('/keep?ada')
  await silent.ask('/keep?lin')
  let pid = service.pid
  for (let upgrades = 1; upgrades <= 2; upgrades++) {
    pid = await service.upgrade()
    const moved = () => service.process.stdout.match(/"moved":2/g)?.length === upgrades
    await waitFor(moved, { what: `both connections to move the ${upgrades}. time` })
    expect((await talking.ask('/')).answer).toBe(`${pid} ada`)
  }
  expect((await silent.ask('/')).answer).toBe(`${pid} lin`)
  expect([talking.connections, silent.connections]).toEqual([1, 1])
})

test('a connection that cannot move stays and drains, and an event has the reason. All others move', async () => {
  await using service = await startedService()
  const values = ['refused', 'give-throws', 'give-promise', 'give-text', 'give-large']
  using moving = service.client()
  await moving.ask('/keep?ada')
  const clients = values.map(() => service.client())
  for (const [n, client] of clients.entries()) await client.ask(`/keep?${values[n]}`)
  const pid = await service.upgrade()
  await waitFor(async () => (await moving.ask('/')).answer === `${pid} ada`)
  for (const [n, client] of clients.entries()) {
    expect(await client.ask('/')).toEqual({ answer: `${service.pid} ${values[n]}`, connection: 'close' })
    expect(client.connections).toBe(1)
    client[Symbol.dispose]()
  }
  const [, report] = await service.process.printed(/report (.*)/)
  expect(JSON.parse(report as string)).toMatchObject({ moved: 1, answered: 5, cut: [] })
  const events = service.process.stdout.split('\n').filter((line) => line.includes('connection-kept'))
  expect(events).toEqual([
    `${service.pid} connection-kept: not this one`,
    `${service.pid} connection-kept: moveConnections.give must return a Uint8Array or undefined, not a promise`,
    `${service.pid} connection-kept: moveConnections.give must return a Uint8Array or undefined, not text`,
    `${service.pid} connection-kept: the data of a connection has 205824 bytes, and the limit is 204800`,
  ])
})

test('a connection whose take throws is closed, and an event has the reason. All others are served', async () => {
  await using service = await startedService()
  using moved = service.client()
  using throwing = service.client()
  using promising = service.client()
  await throwing.ask('/keep?take-throws')
  await promising.ask('/keep?take-promise')
  await moved.ask('/keep?ada')
  const pid = await service.upgrade()
  await service.process.printed(new RegExp(`${pid} connection-lost: not this one either`))
  await service.process.printed(
    new RegExp(`${pid} connection-lost: moveConnections.take must not return a promise`),
  )
  await waitFor(() => !throwing.isOpen && !promising.isOpen)
  await waitFor(async () => (await moved.ask('/')).answer === `${pid} ada`)
  expect(moved.connections).toBe(1)
  expect((await throwing.ask('/')).answer).toBe(`${pid} undefined`)
})
