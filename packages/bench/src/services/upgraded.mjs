// Replaces itself by shellflip: sockets and idle connections go to the successor.
import { shellflip } from 'shellflip'
import { benchServer } from './server.mjs'

const flip = await shellflip({
  controlSocket: process.env.CONTROL_SOCKET,
  drainTimeoutMs: Number(process.env.DRAIN_MS),
})
await flip.listen(benchServer(), { host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 })
await flip.ready()
console.log('ready')
await flip.done
