// The peer: Node's own cluster, reloaded as its users do it. Forks a new worker, then tells the old one to close.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'

if (cluster.isPrimary) {
  const listening = (worker) => new Promise((resolve) => worker.once('listening', resolve))
  const port = await freePort()
  let worker = cluster.fork({ PORT: port })
  await listening(worker)
  process.on('message', async (message) => {
    if (message === 'stop') process.exit(0)
    const old = worker
    worker = cluster.fork({ PORT: port })
    await listening(worker)
    old.send('close')
    process.send('reloaded')
  })
  process.send({ port })
} else {
  const server = createServer((_request, response) => response.end(`pid ${process.pid}\n`))
  server.listen(Number(process.env.PORT), '127.0.0.1')
  process.on('message', () => server.close(() => process.exit(0)))
}

/** Workers share a listening socket by its port, so they must agree on one. */
async function freePort() {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
