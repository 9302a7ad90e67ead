// A service for a container: it listens, says when it is ready, and ends without losing a request.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Notifier } from '@shellflip/sd-notify'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import { listen } from './listen.mjs'

const { PORT = '8080', REUSE_PORT, KEEP_ACCEPTING_MS = '0', GENERATION = '1' } = process.env

const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 15_000 })
coordinator.onSignals()

// Who asks for its health hears first that it goes; requests are served meanwhile.
const health = () => (coordinator.signal.aborted ? 503 : 200)

const server = createServer(({ url }, response) => {
  if (url === '/health') response.statusCode = health()
  response.end(`${GENERATION}\n`)
})
coordinator.watch(server, { keepAcceptingMs: Number(KEEP_ACCEPTING_MS) })
await listen(server, { port: Number(PORT), reusePort: REUSE_PORT === '1' })

const ownHealth = createServer((_request, response) => response.writeHead(health()).end())
coordinator.watch(ownHealth)
await once(ownHealth.listen('/tmp/health.sock'), 'listening')

await Notifier.fromEnvironment().ready({ status: `generation ${GENERATION} serves` })

const { clean } = await coordinator.done
process.exitCode = clean ? 0 : 1
