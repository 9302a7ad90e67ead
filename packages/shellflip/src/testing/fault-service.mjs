// A service with a socket of every kind, for tests that make its steps fail. fault-seam.mjs is loaded before it.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const folder = process.env.FLIP_FOLDER
const generation = Number(process.env.FLIP_GENERATION ?? 1)
const { report, reach, arm, options } = globalThis.faultSeam
const { uidWhenReady, swallows, ...flipOptions } = options
if (swallows) for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, () => {})

await reach('boot')
const visits = z.object({ visits: z.int() })
const state = defineState({
  name: 'visits',
  version: 1,
  // Checked as well when this process gives its state to the next one.
  schema: visits.refine(() => hasTaken || reach('amid-state') === undefined),
})
let hasTaken = false
let visited = 0
const flip = await shellflip({
  controlSocket: `${folder}/control/restart.sock`,
  pidFile: `${folder}/service.pid`,
  launcher: false,
  drainTimeoutMs: 2_000,
  maxDraining: 10,
  ...flipOptions,
  state,
  save: () => ({ visits: visited }),
  successor: { env: { FLIP_GENERATION: String(generation + 1) } },
  onEvent: (event) => {
    if (event.type === 'upgrade-requested') arm('predecessor')
    report(event)
  },
})
hasTaken = true
visited = flip.state?.visits ?? 0
await reach('taken-over')

const answer = (_request, response) => {
  visited += 1
  response.end(`${process.pid}\n`)
}
const answerOnce = (request, response) => {
  response.setHeader('connection', 'close')
  answer(request, response)
}
const tcp = createServer(answer)
// During the activation, before "serving" is sent.
tcp.once('listening', () => void reach('listening'))
const { port } = await flip.listen(tcp, { host: '127.0.0.1', port: 0, name: 'http' })
await flip.listen(createServer(answerOnce), { path: `${folder}/service.sock`, mode: 0o600 })
// Each generation binds a path that its predecessor does not have, and does not want that of its predecessor.
await flip.listen(createServer(answerOnce), { path: `${folder}/extra-${generation}.sock` })
const udp = createSocket('udp4')
udp.on('message', (_, { port: to, address }) => udp.send(String(process.pid), to, address))
const { port: udpPort } = await flip.bind(udp, { host: '127.0.0.1', port: 0, name: 'udp' })

await reach('before-ready')
const readying = flip.ready()
void reach('said-ready')
await readying
await reach('ready')
if (uidWhenReady !== undefined && process.getuid() === 0) {
  process.setgroups([])
  process.setgid(uidWhenReady)
  process.setuid(uidWhenReady)
}
report({ type: 'serving', port, udpPort, generation })
