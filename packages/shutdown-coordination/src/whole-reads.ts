import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

const requestEvents = ['request', 'checkContinue', 'checkExpectation']

/**
 * Lets each request of one read arrive before the program sees the first of them. A handler that answers at once would otherwise answer
 * the first one with `Connection: close`, and the requests behind it in the same read would get no answer. Returns the undo.
 *
 * @param isDraining while it returns false, every event passes at once
 * @param received takes note of a request before the program sees it
 */
export function awaitWholeReads(
  server: EventEmitter,
  isDraining: () => boolean,
  received: (request: IncomingMessage, response: ServerResponse) => void,
): () => void {
  const { emit } = server
  const isOwn = Object.hasOwn(server, 'emit')
  const emitAfterRead: typeof emit = (event, ...args) => {
    const [request, response] = args
    const waits = requestEvents.includes(event as string) && isDraining() && request.httpVersionMajor < 2
    if (!waits) return emit.call(server, event, ...args)
    received(request, response)
    // Node runs no callbacks while it parses a read (node_http_parser.cc, kSkipTaskQueues).
    process.nextTick(() => emit.call(server, event, ...args))
    return true
  }
  server.emit = emitAfterRead
  return () => {
    if (server.emit !== emitAfterRead) return
    if (isOwn) server.emit = emit
    else Reflect.deleteProperty(server, 'emit')
  }
}
