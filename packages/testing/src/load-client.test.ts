import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { describeFailures, type FailureKind, LoadClient, temporaryFolder, waitFor } from './index.ts'
import { noCounts } from './load-client-report.ts'

async function listening(server: net.Server, path?: string) {
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return {
    target: path === undefined ? { port: (server.address() as AddressInfo).port } : { path },
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const right = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright'

type Break = (socket: Socket) => void

/** Answers requests by hand: the first `breaks.length` requests are broken, one each, the others are right. */
function breakingServer(breaks: Break[]): net.Server {
  const due = [...breaks]
  return net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      const broken = due.shift()
      if (broken) broken(socket)
      else socket.write(right)
    })
  })
}

function failures(expected: Partial<Record<FailureKind, number>>): Record<FailureKind, number> {
  return { ...noCounts().failures, ...expected }
}

const kinds: [FailureKind, Break][] = [
  ['reset', (socket) => socket.resetAndDestroy()],
  ['closed', (socket) => socket.end()],
  ['closed', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrig')],
  ['closed', (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n')],
  ['status', (socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')],
  ['body', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong')],
  ['malformed', (socket) => socket.write('ICY 200 OK\r\n\r\n')],
  ['hanging', () => {}],
]

test.each(['keepAlive', 'newConnections'])('counts each kind of failure exactly (%s)', async (client) => {
  const howOften = 3
  const breaks = kinds.flatMap(([, broken]) => Array<Break>(howOften).fill(broken))
  using server = await listening(breakingServer(breaks))
  const { target } = server
  const load = LoadClient.start({ target, [client]: 8, expectBody: /^right$/, hangingAfterMs: 1_000 })
  await waitFor(() => load.counts.ok >= 200)
  const report = await load.stop()
  expect(report.failures).toEqual(
    failures({ reset: 3, closed: 9, status: 3, body: 3, malformed: 3, hanging: 3 }),
  )
  expect(report.failed).toBe(24)
  expect(report.requests).toBe(report.ok + report.failed)
  expect(describeFailures(report.failures)).toBe(
    '3 reset, 9 closed, 3 status, 3 body, 3 malformed, 3 hanging',
  )
})

test('counts refused connections, over TCP and over a UNIX path without a listener', async () => {
  using folder = temporaryFolder()
  using server = await listening(net.createServer())
  const { target } = server
  server[Symbol.dispose]()
  for (const nobody of [target, { path: folder.join('nobody') }]) {
    const load = LoadClient.start({ target: nobody, keepAlive: 2, newConnections: 2 })
    await waitFor(() => load.counts.failed >= 20)
    const report = await load.stop()
    expect(report.failures).toEqual(failures({ refused: report.failed }))
    expect(report).toMatchObject({ ok: 0, reconnects: 0 })
  }
})

test('a connection that is closed between two requests is opened again, and does not count as a failure', async () => {
  const server = net.createServer((socket) => {
    let answered = 0
    socket.on('error', () => {})
    socket.on('data', () => {
      answered += 1
      socket.write(right)
      // Long before the next request, which comes after the time to think.
      if (answered === 2) socket.end()
    })
  })
  using listener = await listening(server)
  const load = LoadClient.start({ target: listener.target, keepAlive: 2, thinkTimeMs: 250 })
  await waitFor(() => load.counts.reconnects >= 4)
  const report = await load.stop()
  expect(report).toMatchObject({ failed: 0 })
})

test('a connection that is closed with the next request already written is a failure', async () => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    // No time to think: the client's next request crosses the end of the connection.
    socket.once('data', () => {
      socket.write(right)
      setImmediate(() => socket.destroySoon())
    })
  })
  using listener = await listening(server)
  const load = LoadClient.start({ target: listener.target, keepAlive: 1 })
  await waitFor(() => load.counts.requests >= 40)
  const report = await load.stop()
  expect(report.failed).toBeGreaterThan(0)
  expect(report.requests).toBe(report.ok + report.failed)
})

test('a connection that gets Connection: close is opened again, even without time to think', async () => {
  const server = http.createServer((_request, response) =>
    response.setHeader('Connection', 'close').end('right'),
  )
  using listener = await listening(server)
  const load = LoadClient.start({ target: listener.target, keepAlive: 4, expectBody: /^right$/ })
  await waitFor(() => load.counts.reconnects >= 100)
  const report = await load.stop()
  expect(report).toMatchObject({ failed: 0 })
  expect(report.ok - report.reconnects).toBeLessThanOrEqual(4)
})

test('on a healthy server, over TCP and UNIX, whatever the framing, nothing fails', async () => {
  using folder = temporaryFolder()
  for (const path of [undefined, folder.join('s')]) {
    let served = 0
    const server = http.createServer((_request, response) => {
      served += 1
      const framing = served % 3
      if (framing === 0) response.setHeader('Content-Length', 5)
      if (framing === 1) response.useChunkedEncodingByDefault = false
      response.write('ri')
      response.end('ght')
    })
    using listener = await listening(server, path)
    const load = LoadClient.start({
      target: listener.target,
      keepAlive: 8,
      newConnections: 4,
      expectBody: (body) => body === 'right',
    })
    await waitFor(() => load.counts.ok >= 300)
    const report = await load.stop()
    expect(report.failed, describeFailures(report.failures)).toBe(0)
    expect(report.requests).toBe(report.ok)
    expect(report.ok).toBe(served)
    expect(report.latencyMs.p50).toBeGreaterThan(0)
    expect(report.latencyMs.p99).toBeGreaterThanOrEqual(report.latencyMs.p50)
    expect(report.latencyMs.max).toBeGreaterThanOrEqual(report.latencyMs.p99)
  }
})

test('knows the longest time without any answer', async () => {
  const stalls: Break[] = [(socket) => void setTimeout(() => socket.write(right), 80)]
  using server = await listening(breakingServer([(socket) => socket.write(right), ...stalls]))
  const load = LoadClient.start({ target: server.target, keepAlive: 1 })
  await waitFor(() => load.counts.ok >= 100)
  const { maxGapMs, latencyMs } = await load.stop()
  expect(maxGapMs).toBeGreaterThan(75)
  expect(latencyMs.p50).toBeLessThan(latencyMs.max)
})

test('counts the streams that are open, and those that were cut', async () => {
  const streams: http.ServerResponse[] = []
  const server = http.createServer((_request, response) => {
    streams.push(response)
    response.write('begun')
  })
  using listener = await listening(server)
  const load = LoadClient.start({ target: listener.target, longLived: 3 })
  await waitFor(() => load.counts.longLived.open === 3)
  streams[0]?.destroy()
  streams[1]?.end()
  await waitFor(() => load.counts.longLived.cut === 2 && load.counts.longLived.open === 3)
  const report = await load.stop()
  expect(report.longLived).toEqual({ open: 0, cut: 2 })
})
