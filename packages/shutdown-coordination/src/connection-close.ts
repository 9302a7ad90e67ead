import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined

/**
 * Adds `Connection: close` (RFC 9112, 9.6) to an answer whose headers are not sent yet. It overrides the handler, because proxies copy
 * `Connection: keep-alive` from upstream.
 *
 * @param isLast whether no later request has been received on the connection. It is called when the headers are written. After an answer
 *   with `Connection: close` the server may answer nothing more, so with pipelined requests only the last answer may have it.
 */
export function answerWithConnectionClose(response: ServerResponse, isLast: () => boolean): void {
  if (response.headersSent) return
  const writeHead = response.writeHead as (...args: unknown[]) => ServerResponse
  response.writeHead = (...args: unknown[]) => {
    if (!isLast()) return writeHead.apply(response, args)
    const last = args.length - 1
    const headers = typeof args[last] === 'object' ? (args[last] as Headers) : undefined
    response.shouldKeepAlive = false
    // With a list of headers, a header set before would change how Node reads the list.
    if (!Array.isArray(headers) || response.hasHeader('connection')) {
      response.setHeader('Connection', 'close')
    }
    return writeHead.apply(response, headers ? [...args.slice(0, last), withConnectionClose(headers)] : args)
  }
  lingerForTheRestOfTheRequest(response)
}

/** Returns the same headers with it, in the same of the three forms that `writeHead()` takes. */
function withConnectionClose(headers: NonNullable<Headers>): OutgoingHttpHeaders | OutgoingHttpHeader[] {
  if (!Array.isArray(headers)) {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, isConnection(name) ? 'close' : value]),
    )
  }
  if (Array.isArray(headers[0])) {
    return headers.map((pair) =>
      Array.isArray(pair) && isConnection(pair[0]) ? ['Connection', 'close'] : pair,
    )
  }
  return headers.map((item, index) => (index % 2 === 1 && isConnection(headers[index - 1]) ? 'close' : item))
}

function isConnection(name: unknown): boolean {
  return typeof name === 'string' && name.toLowerCase() === 'connection'
}

/**
 * Delays the close of the connection. Node closes it as soon as such an answer is written. If the request's body is still arriving then,
 * the close makes the kernel send a reset. A reset can destroy the answer before the client has read it. So only our side is closed at
 * first. The connection is closed when the whole request has arrived.
 */
function lingerForTheRestOfTheRequest(response: ServerResponse): void {
  const { req: request, socket } = response
  if (request.complete || !socket) return
  const destroySoon = socket.destroySoon
  socket.destroySoon = () => {
    if (request.complete) return destroySoon.call(socket)
    socket.end()
    request.once('close', () => destroySoon.call(socket))
    request.resume()
  }
}
