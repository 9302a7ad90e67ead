// Node's own cluster, reloaded as its users do it: fork a new worker, then let the old one drain.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { answer } from './answers.mjs'
import { benchServer } from './server.mjs'

const lameDuckMs = 500

if (cluster.isPrimary) {
  let worker = await forked()
  process.on('message', async () => {
    const old = worker
    worker = await forked()
    old.send('drain')
    process.send('reloaded')
  })
  process.on('disconnect', () => process.exit())
  process.send('ready')
} else {
  let draining = false
  const server = benchServer((request, response) => {
    if (draining) response.setHeader('Connection', 'close')
    answer(request, response)
  })
  server.listen(Number(process.env.PORT), '127.0.0.1', 4096)
  process.on('message', () => {
    draining = true
    if (process.env.DRAIN === 'close') server.close(() => process.exit())
    else lameDuck(server)
    setTimeout(() => process.exit(), Number(process.env.DRAIN_MS)).unref()
  })
}

async function forked() {
  const worker = cluster.fork()
  await once(worker, 'listening')
  return worker
}

/** Stops accepting, answers `Connection: close`, and closes idle connections a moment later. Exits when the last one has ended. */
function lameDuck(server) {
  cluster.worker.disconnect()
  setTimeout(() => server.closeIdleConnections(), lameDuckMs)
}
