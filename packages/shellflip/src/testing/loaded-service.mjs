// A service that does nothing but answer, and be upgraded.
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const flip = await shellflip({ controlSocket: process.env.CONTROL_SOCKET })
const server = createServer((_request, response) => response.end(`${process.pid}\n`))
const address = { name: 'http', host: '127.0.0.1', port: 0 }
const { port } = await flip.listen(server, address, {
  moveConnections: process.env.MOVE_CONNECTIONS !== 'false',
})
await flip.ready()
console.log(`${process.pid} serves at ${port}`)
