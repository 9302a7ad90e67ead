// Holds the listening socket as a service manager does. On SIGHUP it stops the service, and starts it when it has ended.
// Connections wait in the queue of the socket meanwhile.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { listenTcp } from '@shellflip/fd-passing'

const app = fileURLToPath(new URL('app.mjs', import.meta.url))
const listener = listenTcp({ host: '127.0.0.1', port: Number(process.env.PORT) })
let service = start()

process.on('SIGHUP', async () => {
  const ended = once(service, 'exit')
  service.kill('SIGTERM')
  await ended
  service = start()
})

function start() {
  return spawn(process.execPath, [app], { stdio: ['ignore', 'inherit', 'inherit', listener.fd] })
}
