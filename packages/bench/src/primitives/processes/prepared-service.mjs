import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

/** Prints its port when it serves, and `prepared` when its successor waits. */
const flip = await shellflip({
  controlSocket: process.env.CONTROL_SOCKET,
  prepareSuccessor: process.env.PREPARE === '1',
  onEvent: ({ type }) => {
    if (type === 'successor-prepared') console.log('prepared')
  },
})
const server = createServer((_request, response) => response.end(String(process.pid)))
const { port } = await flip.listen(server, { name: 'http', host: '127.0.0.1', port: 0 })
await flip.ready()
console.log(`port ${port}`)
