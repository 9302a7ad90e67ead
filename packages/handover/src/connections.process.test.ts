import { fileURLToPath } from 'node:url'
import { socketpair } from '@shellflip/fd-passing'
import { LoadClient, TestProcess, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { ConnectedClient } from './testing/connected-client.ts'

const folder = fileURLToPath(new URL('./testing/', import.meta.url))

type ServiceOptions = { takes?: number; gives?: number; env?: NodeJS.ProcessEnv }

function service(file: string, { takes, gives, env }: ServiceOptions): TestProcess {
  const given = { ...(takes && { TAKES: '3' }), ...(gives && { GIVES: takes ? '4' : '3' }) }
  // A limit of 0 is none.
  const limited = `[ $LIMIT = 0 ] || ulimit -n $LIMIT; exec "$0" "$@"`
  return TestProcess.start('sh', ['-c', limited, process.execPath, folder + file], {
    extraFds: [takes, gives].filter((fd) => fd !== undefined),
    env: { LIMIT: '0', ...env, ...given },
  })
}

/** A predecessor that serves, and the successor that it hands over to as soon as that starts. */
async function pair(file: string, env: NodeJS.ProcessEnv = {}) {
  const [gives, takes] = socketpair('stream')
  const started: TestProcess[] = []
  const start = (options: ServiceOptions) => {
    const process = service(file, options)
    started.push(process)
    return process
  }
  const predecessor = start({ gives: gives.fd })
  gives.close()
  const [, port] = await predecessor.printed(/port (\d+)/)
  const upgrade = () => {
    const successor = start({ takes: takes.fd, env })
    takes.close()
    return successor
  }
  const reported = async () =>
    JSON.parse((await predecessor.printed(/report (.*)/, { deadlineMs: 25_000 }))[1] as string)
  return {
    predecessor,
    port: Number(port),
    upgrade,
    reported,
    [Symbol.asyncDispose]: async () => {
      for (const process of started) await process[Symbol.asyncDispose]()
    },
  }
}

async function clients(count: number, port: number) {
  const all = await Promise.all(Array.from({ length: count }, () => ConnectedClient.connect(port)))
  return Object.assign(all, {
    [Symbol.dispose]: () => {
      for (const each of all) each[Symbol.dispose]()
    },
  })
}

/** Asks for bursts of pages, cut anywhere, until it is told to stop; the answers that did not come, or not as asked for. */
async function pipeline(client: ConnectedClient, signal: AbortSignal): Promise<string[]> {
  const wrong: string[] = []
  for (let n = 0; !signal.aborted && client.ended === undefined; n++) {
    const paths = Array.from({ length: 1 + (n % 5) }, (_, k) =>
      n % 3 === 0 ? `/slow-${n}-${k}` : `/${n}-${k}`,
    )
    const answers = await client.ask(paths, (n % 7) / 7)
    const isRight = (path: string, index: number) =>
      answers[index]?.endsWith(` ${client.port} ${path}`) === true
    wrong.push(...paths.filter((path, index) => !isRight(path, index)))
  }
  return wrong
}

test('HTTP connections go to the successor under load: none is closed, and no request fails', async () => {
  await using ends = await pair('http-service.mjs')
  const stopping = new AbortController()
  using silent = await clients(10, ends.port)
  using idle = await clients(50, ends.port)
  for (const client of idle) await client.ask(['/'])
  using pipelining = await clients(10, ends.port)
  const pipelined = pipelining.map((client) => pipeline(client, stopping.signal))
  const bodies = new Set<string>()
  await using load = LoadClient.start({
    target: { port: ends.port },
    keepAlive: 20,
    path: '/slow',
    onAnswer: ({ body }) => bodies.add(body),
  })
  await waitFor(() => load.counts.ok > 200)
  const successor = ends.upgrade()

  expect(await ends.reported()).toMatchObject({ clean: true, moved: 90, closedIdle: 0, cut: [] })
  expect(await ends.predecessor.exit).toEqual({ code: 0, signal: null })
  await successor.printed(/accepted 90/)
  const moved = load.counts.ok
  bodies.clear()
  await waitFor(() => load.counts.ok > moved + 200)
  stopping.abort()
  expect(await load.stop()).toMatchObject({ failed: 0, reconnects: 0 })
  // Each of them on the connection that it had, whose port the server sees.
  expect(bodies.size).toBe(20)
  for (const body of bodies) expect(body).toMatch(new RegExp(`^${successor.pid} `))
  expect((await Promise.all(pipelined)).flat()).toEqual([])
  for (const client of [...silent, ...idle, ...pipelining]) {
    expect(await client.ask(['/after'])).toEqual([`${successor.pid} ${client.port} /after`])
    expect(client.ended).toBeUndefined()
  }
})

test('a connection that was handed over and stays idle is closed after the keep-alive timeout', async () => {
  await using ends = await pair('http-service.mjs', { KEEP_ALIVE_MS: '50' })
  using idle = await clients(5, ends.port)
  for (const client of idle) await client.ask(['/'])
  const successor = ends.upgrade()
  expect(await ends.reported()).toMatchObject({ moved: 5 })
  await successor.printed(/accepted 5/)
  for (const client of idle) expect(await waitFor(() => client.ended)).toBe('end')
})

test('a connection that has nothing to say goes from generation to generation', async () => {
  const [gives, takes] = socketpair('stream')
  const [givesNext, takesNext] = socketpair('stream')
  await using first = service('http-service.mjs', { gives: gives.fd })
  const [, port] = await first.printed(/port (\d+)/)
  using idle = await clients(3, Number(port))
  for (const client of idle) await client.ask(['/'])
  await using second = service('http-service.mjs', { takes: takes.fd, gives: givesNext.fd })
  for (const fd of [gives, takes, givesNext]) fd.close()
  await second.printed(/accepted 3/)
  await using third = service('http-service.mjs', { takes: takesNext.fd })
  takesNext.close()
  await third.printed(/accepted 3/)
  expect(await second.exit).toEqual({ code: 0, signal: null })
  for (const client of idle) {
    expect(await client.ask(['/after'])).toEqual([`${third.pid} ${client.port} /after`])
  }
})

test('a successor that is killed amid it has what it accepted; the predecessor serves all others on', async () => {
  await using ends = await pair('http-service.mjs', { ACCEPTS: '20' })
  using idle = await clients(50, ends.port)
  for (const client of idle) await client.ask(['/'])
  const successor = ends.upgrade()
  await successor.printed(/amid/)
  // Asked for while nobody serves some of the connections. The predecessor has not offered all of them.
  const asking = idle.map((client) => client.ask(['/meanwhile']))
  const isBySuccessor = ({ received }: ConnectedClient) =>
    new RegExp(`\\b${successor.pid} \\d+ /meanwhile`).test(received)
  await waitFor(() => idle.filter(isBySuccessor).length === 20)
  successor.kill('SIGKILL')
  await successor.exit
  const answers = (await Promise.all(asking)).flat()
  const by = (pid: number) => answers.filter((answer) => answer.startsWith(`${pid} `)).length
  expect([by(successor.pid), by(ends.predecessor.pid)]).toEqual([20, 30])
  for (const client of idle) client[Symbol.dispose]()
  expect(await ends.reported()).toMatchObject({ clean: true, moved: 20, answered: 30, cut: [] })
})

test('a successor without free descriptors has what it accepted; the predecessor serves all others on', async () => {
  await using ends = await pair('http-service.mjs', { LIMIT: '64' })
  using idle = await clients(80, ends.port)
  for (const client of idle) await client.ask(['/'])
  const successor = ends.upgrade()
  const [, accepted] = await successor.printed(/accepted (\d+)/)
  const answers = (await Promise.all(idle.map((client) => client.ask(['/after'])))).flat()
  const by = (pid: number) => answers.filter((answer) => answer.startsWith(`${pid} `)).length
  expect(by(successor.pid)).toBe(Number(accepted))
  expect(by(successor.pid)).toBeGreaterThan(0)
  expect(by(ends.predecessor.pid)).toBe(80 - Number(accepted))
  expect(by(ends.predecessor.pid)).toBeGreaterThan(0)
  expect(await ends.reported()).toMatchObject({ clean: true, moved: Number(accepted), cut: [] })
})

test('TCP connections go to the successor with what is known of them, amid their lines', async () => {
  await using ends = await pair('counter-service.mjs')
  using talking = await clients(50, ends.port)
  const stopping = new AbortController()
  const talks = talking.map(async (client, index) => {
    let sent = 0
    while (!stopping.signal.aborted && client.ended === undefined) {
      const line = `line-${++sent} of ${index}\n`
      await client.send(line, sent % line.length)
      if (sent % 5 === 0) await client.matches(/\n/g, sent)
    }
    await client.matches(/\n/g, sent)
    return sent
  })
  await waitFor(() => talking.every(({ received }) => received.length > 100))
  const successor = ends.upgrade()
  expect(await ends.reported()).toMatchObject({ clean: true, moved: 50, cut: [] })
  const isBySuccessor = ({ received }: ConnectedClient) => received.trimEnd().endsWith(` ${successor.pid}`)
  await waitFor(() => talking.every(isBySuccessor))
  stopping.abort()
  const sent = await Promise.all(talks)
  for (const [index, client] of talking.entries()) {
    const expected = Array.from(
      { length: sent[index] as number },
      (_, n) => `${n + 1} line-${n + 1} of ${index}`,
    )
    expect(client.received.trimEnd().replaceAll(/ \d+$/gm, '').split('\n')).toEqual(expected)
    expect(client.ended).toBeUndefined()
  }
})
