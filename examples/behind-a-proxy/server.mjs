// An HTTP service for a proxy that keeps connections to it open.
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const flip = await shellflip({ controlSocket: '/run/behind-a-proxy/restart.sock' })
const server = createServer((_request, response) => response.end(`${process.pid}\n`))
// Longer than the proxy keeps an idle connection, so that the proxy closes it. The default is 5 seconds.
server.keepAliveTimeout = 75_000
await flip.listen(server, { host: '127.0.0.1', port: 8120 })
await flip.ready()
