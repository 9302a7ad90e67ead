// A service with many listening sockets. It prints when all of them accept.
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const flip = await shellflip({ controlSocket: process.env.CONTROL_SOCKET })
const servers = Array.from({ length: Number(process.env.LISTENERS) }, () =>
  createServer((_request, response) => response.end('hello\n')),
)
await Promise.all(
  servers.map((server, index) => flip.listen(server, { name: `http-${index}`, host: '127.0.0.1', port: 0 })),
)
await flip.ready()
console.log('ready')
