import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isAlive, waitFor } from '@shellflip/testing'
import { median, startNode } from '../measure.mjs'

const counts = [10, 100, 1_000, 10_000]
const peers = { socket: 'a bare UnixSocket, 64 fds a message', ipc: 'process.send' }
const service = fileURLToPath(new URL('processes/moved-connections-service.mjs', import.meta.url))

/** How many connections are opened at once: fewer than the listener's backlog. */
const openedAtOnce = 250

/**
 * Idle keep-alive connections that move to another process, from the first one until the last one is the other's: by an upgrade, by a bare
 * UnixSocket, and by Node's own IPC. Node raises its limit of descriptors to the hard limit when it starts, which must be above 10,300.
 *
 * @param options `counts`: how many connections. `runs`: how often each, in turn with the others
 */
export async function movedConnections(options = {}) {
  const rows = []
  for (const count of options.counts ?? counts) {
    const times = { shellflip: [], ...Object.fromEntries(Object.keys(peers).map((name) => [name, []])) }
    for (let run = 0; run < (options.runs ?? 3); run++) {
      for (const [name, of] of Object.entries(times)) {
        // Node's IPC takes long for many, and does not vary much.
        if (name !== 'ipc' || count < 10_000 || run === 0) of.push(await timeToMove(name, count))
      }
    }
    const ours = median(times.shellflip)
    for (const [name, peerIs] of Object.entries(peers)) {
      const what = `${count} idle connections, each moved`
      rows.push({
        what,
        ours: (ours * 1_000) / count,
        peer: (median(times[name]) * 1_000) / count,
        unit: 'µs',
        peerIs,
      })
    }
  }
  return rows
}

/** @returns milliseconds */
async function timeToMove(name, count) {
  const child = startNode([service, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const printed = (pattern) => waitFor(() => pattern.exec(output), { deadlineMs: 60_000, what: `${pattern}` })
  const clients = []
  try {
    const [, port] = await printed(/port (\d+)/)
    for (let opened = 0; opened < count; opened += openedAtOnce) {
      const some = Array.from({ length: Math.min(openedAtOnce, count - opened) }, () => idleClient(port))
      clients.push(...(await Promise.all(some)))
    }
    child.stdin.write('move\n')
    const [, moved, ms] = await printed(/moved (\d+) in ([\d.]+) ms/)
    if (Number(moved) !== count) throw new Error(`${name} moved ${moved} of ${count} connections`)
    const [, successor] = await printed(/successor (\d+)/)
    for (const client of [clients[0], clients.at(-1)]) {
      const answer = await ask(client)
      if (!answer.endsWith(` ${successor}`))
        throw new Error(`${name}: answered by another process: ${answer}`)
    }
    return Number(ms)
  } finally {
    child.kill('SIGKILL')
    await endSuccessor(output)
    for (const client of clients) client.destroy()
  }
}

async function endSuccessor(output) {
  const pid = Number(/successor (\d+)/.exec(output)?.[1])
  if (!pid || !isAlive(pid)) return
  process.kill(pid, 'SIGKILL')
  await waitFor(() => !isAlive(pid))
}

async function idleClient(port) {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  await ask(socket)
  return socket
}

async function ask(socket) {
  socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n')
  const [answer] = await once(socket, 'data')
  return String(answer)
}
