import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { mean, medianOf } from './steady/averages.mjs'
import { connectionEach, keepAlive, streams } from './steady/loads.mjs'

const service = fileURLToPath(new URL('processes/steady-service.mjs', import.meta.url))
const withUs = ['coordinator', 'shellflip']

/** New processes for each shape, because the layout of a heap alone makes a difference of some percent. */
const processes = 4
const slices = 100
const warmUpSlices = 40

/** A slice lasts about 10 ms, so that whatever else runs on this machine meets both of a pair. */
const shapes = [
  { what: 'a request, keep-alive', protocol: 'http', requests: 300, open: keepAlive },
  { what: 'a request, keep-alive, TLS', protocol: 'https', requests: 200, open: keepAlive },
  { what: 'a request on a new connection', protocol: 'http', requests: 100, open: connectionEach('request') },
  { what: 'an upgrade to WebSocket', protocol: 'http', requests: 80, open: connectionEach('upgrade') },
  { what: 'a TCP connection', protocol: 'net', requests: 150, open: connectionEach('echo') },
  { what: 'a request, HTTP/2', protocol: 'http2', requests: 150, open: streams },
]

/** CPU time of one request while nothing is upgraded: servers that we watch, beside the same servers without us in one process. */
export async function steadyCost() {
  const rows = []
  for (const shape of shapes) {
    for (const variant of withUs)
      rows.push({ what: `CPU of ${shape.what}, ${variant}`, ...(await costOf(shape, variant)) })
  }
  return rows
}

async function costOf(shape, variant) {
  const costs = []
  for (let n = 0; n < processes; n++) costs.push(await costInOneProcess(shape, variant, n % 2 === 0))
  const [ours, peer] = [0, 1].map((index) => mean(costs.map((pair) => pair[index])))
  return { ours, peer, unit: 'µs', peerIs: 'the same service without us' }
}

/** @param isFirst whether the server that we watch is made before the other one */
async function costInOneProcess(shape, variant, isFirst) {
  const variants = isFirst ? [variant, 'plain'] : ['plain', variant]
  const child = startOnFirstCpu([shape.protocol, ...variants])
  try {
    const ports = await replyOf(child)
    if (!isFirst) ports.reverse()
    const clients = []
    for (const port of ports) clients.push(await shape.open(port, shape.protocol))
    for (let n = 0; n < warmUpSlices; n++) for (const client of clients) await client.run(shape.requests)
    const pairs = []
    for (let n = 0; n < slices; n++)
      pairs.push(await measurePair(child, clients, shape.requests, n % 2 === 0))
    for (const client of clients) client.close()
    const limit = 2 * medianOf(pairs.flat())
    const calm = pairs.filter((pair) => pair.every((cost) => cost < limit))
    return [0, 1].map((index) => mean(calm.map((pair) => pair[index])))
  } finally {
    child.kill()
  }
}

async function measurePair(child, clients, requests, isInOrder) {
  const pair = []
  for (const index of isInOrder ? [0, 1] : [1, 0]) {
    const before = await cpuOf(child)
    await clients[index].run(requests)
    pair[index] = ((await cpuOf(child)) - before) / requests
  }
  return pair
}

/** Microseconds of all threads of the process: those that collect garbage are part of the cost. */
async function cpuOf(child) {
  child.stdin.write('?')
  return await replyOf(child)
}

async function replyOf(child) {
  const [line] = await once(child.stdout, 'data')
  return JSON.parse(line)
}

/** The service has one CPU, and the load, which is this process, has the last one. */
function startOnFirstCpu(args) {
  const last = String(availableParallelism() - 1)
  const canBind = last !== '0' && spawnSync('taskset', ['-acp', last, String(process.pid)]).status === 0
  const [command, ...first] = canBind ? ['taskset', '-c', '0', process.execPath] : [process.execPath]
  return spawn(command, [...first, service, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}
