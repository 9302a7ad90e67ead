// Replaces itself by shellflip: sockets and idle connections go to the successor.
import { writeFileSync } from 'node:fs'
import { shellflip } from 'shellflip'
import { benchServer } from './server.mjs'

// Names this process when its successor waits for the upgrade.
const { PREPARED_FILE } = process.env

const flip = await shellflip({
  controlSocket: process.env.CONTROL_SOCKET,
  drainTimeoutMs: Number(process.env.DRAIN_MS),
  prepareSuccessor: PREPARED_FILE !== undefined,
  onEvent({ type }) {
    if (type === 'successor-prepared' && PREPARED_FILE) writeFileSync(PREPARED_FILE, String(process.pid))
  },
})
await flip.listen(benchServer(), { host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 })
await flip.ready()
console.log('ready')
await flip.done
