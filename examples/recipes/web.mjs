import { createServer } from 'node:http'
import { listenFds, Notifier } from '@shellflip/sd-notify'

const [{ fd }] = listenFds()
const server = createServer((_, response) => response.end('web v1\n'))
server.listen({ fd: fd.release() }, () => Notifier.fromEnvironment().ready())
process.on('SIGTERM', () => server.close())
