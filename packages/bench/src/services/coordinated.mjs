// Takes its socket from procroll, and drains by shutdown-coordination, as examples/rolling-http does.
import { listenFds, Notifier } from '@shellflip/sd-notify'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import { benchServer } from './server.mjs'

const coordinator = new ShutdownCoordinator({ drainTimeoutMs: Number(process.env.DRAIN_MS) })
const server = benchServer()
coordinator.watch(server)
coordinator.onSignals(['SIGTERM'])
const [socket] = listenFds()
server.listen({ fd: socket.fd.release() }, () => Notifier.fromEnvironment().ready())
await coordinator.done
process.exit()
