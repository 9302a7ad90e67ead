import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import { answer } from './answer.mjs'
import { graceMs } from './grace.mjs'
import { echoWebSocket } from './web-socket.mjs'

const lingerMs = 500

/** The service of the Node peers. `CERT` and `KEY` name the files for TLS. */
export class NodeService {
  #server
  #webSockets = new Set()

  constructor(listen, whenListening) {
    const { CERT, KEY } = process.env
    this.#server = CERT
      ? createHttpsServer({ cert: readFileSync(CERT), key: readFileSync(KEY) })
      : createHttpServer()
    this.#server.on('request', (request, response) => answer(request, response))
    this.#server.on('upgrade', (request, socket) => this.#takeWebSocket(request, socket))
    this.#server.listen(listen, whenListening)
  }

  /** Stops as the documentation of Node and pm2 shows. `close()` ends idle keep-alive connections at once. */
  close(whenClosed) {
    this.#cutAfterGrace()
    this.#server.close(whenClosed)
  }

  /** Stops as experts do: accepts no more, announces the end with `Connection: close`, then ends idle connections. */
  drain(whenClosed) {
    this.#server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
    setTimeout(() => this.#server.closeIdleConnections(), lingerMs).unref()
    this.#cutAfterGrace()
    // http.Server's own close() ends idle connections at once.
    NetServer.prototype.close.call(this.#server, whenClosed)
  }

  #takeWebSocket(request, socket) {
    this.#webSockets.add(socket)
    socket.once('close', () => this.#webSockets.delete(socket))
    echoWebSocket(request, socket)
  }

  #cutAfterGrace() {
    const cut = () => {
      this.#server.closeAllConnections()
      for (const socket of this.#webSockets) socket.destroy()
    }
    setTimeout(cut, graceMs).unref()
  }
}
