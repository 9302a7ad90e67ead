// An HTTP service that keeps something for each connection, and moves it: `/keep?x` keeps x, and every answer tells what is kept.
// Some values are mistakes: giving or taking them goes wrong.
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const kept = new WeakMap()

const mistakes = {
  refused: () => undefined,
  'give-throws': () => {
    throw new Error('not this one')
  },
  'give-promise': () => Promise.reject(new Error('too late')),
  'give-text': () => 'text',
  'give-large': () => new Uint8Array(201 * 1024),
}

function give(socket) {
  const value = kept.get(socket) ?? ''
  return value in mistakes ? mistakes[value]() : Buffer.from(value)
}

function take(socket, data) {
  const value = String(data)
  if (value === 'take-throws') throw new Error('not this one either')
  if (value === 'take-promise') return Promise.reject(new Error('too late'))
  kept.set(socket, value)
}

const flip = await shellflip({
  controlSocket: process.env.CONTROL_SOCKET,
  onEvent: ({ type, error, report }) => {
    if (error !== undefined) console.log(`${process.pid} ${type}: ${error.message}`)
    if (report !== undefined) console.log(`${process.pid} report ${JSON.stringify(report.servers[0])}`)
  },
})
const server = createServer(({ url, socket }, response) => {
  const { pathname, search } = new URL(url, 'http://service')
  if (pathname === '/keep') kept.set(socket, search.slice(1))
  response.end(`${process.pid} ${kept.get(socket)}`)
})
const address = { name: 'http', host: '127.0.0.1', port: 0 }
const { port } = await flip.listen(server, address, { moveConnections: { give, take } })
await flip.ready()
console.log(`${process.pid} serves at ${port}`)
