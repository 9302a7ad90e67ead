// Takes its socket from procroll, and calls server.close() at SIGTERM: the drain that most services have.
import { listenFds, Notifier } from '@shellflip/sd-notify'
import { benchServer } from './server.mjs'

const server = benchServer()
const [socket] = listenFds()
server.listen({ fd: socket.fd.release() }, () => Notifier.fromEnvironment().ready())
process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setTimeout(() => process.exit(1), Number(process.env.DRAIN_MS)).unref()
})
