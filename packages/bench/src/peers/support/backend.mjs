// Answers the requests that a proxy among the peers passes on. A header gives it the generation of the proxy.
import { createServer } from 'node:http'
import { answer } from './answer.mjs'
import { echoWebSocket } from './web-socket.mjs'

createServer({ keepAliveTimeout: 0 }, (request, response) =>
  answer(request, response, request.headers['x-generation']),
)
  .on('upgrade', echoWebSocket)
  .listen(process.argv[2])
