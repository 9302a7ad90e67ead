// What a proxy among the peers asks for what it cannot answer itself. The generation is the proxy's, from a header.
import { createServer } from 'node:http'
import { answer } from './answer.mjs'
import { echoWebSocket } from './web-socket.mjs'

createServer({ keepAliveTimeout: 0 }, (request, response) =>
  answer(request, response, request.headers['x-generation']),
)
  .on('upgrade', echoWebSocket)
  .listen(process.argv[2])
