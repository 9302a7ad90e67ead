import { once } from 'node:events'
import { createServer } from 'node:http'

/**
 * A peer inside this process. Each of its reloads begins a new generation, resets `resets` idle connections, and does what
 * `onReload(number)` does. `readyToReload` is what the harness awaits before a reload.
 */
export function breakingPeer({ resets = 0, onReload = () => {}, renews = true, readyToReload } = {}) {
  return {
    name: 'breaking',
    async start() {
      let generation = 1
      let reloads = 0
      const sockets = new Set()
      const server = createServer((_request, response) => {
        const body = `GENERATION ${generation}\n`
        response.setHeader('Content-Length', body.length)
        response.end(body)
      })
      server.on('connection', (socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return {
        target: { host: '127.0.0.1', port: server.address().port },
        pids: () => [process.pid],
        readyToReload,
        async reload() {
          reloads += 1
          if (renews) generation += 1
          for (const socket of [...sockets].slice(0, resets)) socket.resetAndDestroy()
          await onReload(reloads)
        },
        async stop() {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      }
    },
  }
}
