import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const flip = await shellflip({ controlSocket: process.env.CONTROL_SOCKET })
const server = createServer((_request, response) => response.end('hello\n'))
await flip.listen(server, { name: 'http', host: '127.0.0.1', port: 0 })
await flip.ready()
console.log('ready')
