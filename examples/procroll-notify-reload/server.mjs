// A service that can be rolled: it takes its sockets from its parent process, reports ready, and exits without
// losing a request. Its release is the name of the folder it stands in.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { listenFds, Notifier } from '@shellflip/sd-notify'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'

const release = basename(import.meta.dirname)
const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 15_000 })
coordinator.onSignals()

for (const { fd } of listenFds()) {
  const server = createServer((_request, response) => response.end(`${release}\n`))
  coordinator.watch(server)
  await once(server.listen({ fd: fd.release() }), 'listening')
}
await Notifier.fromEnvironment().ready({ status: `${release} serves` })

const { clean } = await coordinator.done
process.exitCode = clean ? 0 : 1
