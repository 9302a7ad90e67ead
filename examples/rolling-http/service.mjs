// A small HTTP service that can be rolled: it takes its socket from the supervisor, says when it is ready, and
// ends without losing a request. Its version is the name of the release folder it stands in.
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { listenFds, Notifier } from '@shellflip/sd-notify'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'

const version = basename(import.meta.dirname)
const notifier = Notifier.fromEnvironment()
const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 10_000 })
let answered = 0

const server = createServer((_request, response) => {
  answered += 1
  response.setHeader('X-Version', version)
  response.end(`${version} from pid ${process.pid}\n`)
})

coordinator.watch(server, { name: 'http' })
coordinator.onSignals(['SIGTERM', 'SIGINT'])

// Without a supervisor, as in `PORT=8080 node service.mjs`, the service listens by itself.
const [inherited] = listenFds()
const address = inherited ? { fd: inherited.fd.release() } : { port: Number(process.env.PORT ?? 8080) }

server.listen(address, async () => {
  await notifier.ready({ status: `${version} serves` })
})

const statusTimer = setInterval(() => notifier.status(`${version} has answered ${answered} requests`), 1_000)
statusTimer.unref()

const report = await coordinator.done
notifier.close()
if (!report.clean) console.error(`${version} cut requests at its end:`, report)
process.exitCode = report.clean ? 0 : 1
