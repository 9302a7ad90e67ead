import type { Server } from 'node:net'

type HttpServer = Server & { closeIdleConnections(): void }

/**
 * Makes `closeIdleConnections()` do nothing from the moment that `signal` aborts, and returns the undo. http.Server#close() calls it.
 * Libraries call close() for their own part of a drain, as Socket.IO's `io.close()` does. A request may be in flight on an idle connection.
 */
export function keepIdleConnections(server: Server, signal: AbortSignal): () => void {
  if (!('closeIdleConnections' in server)) return () => {}
  const http = server as HttpServer
  const { closeIdleConnections } = http
  const isOwn = Object.hasOwn(http, 'closeIdleConnections')
  const unlessDraining = () => {
    if (!signal.aborted) closeIdleConnections.call(http)
  }
  http.closeIdleConnections = unlessDraining
  return () => {
    if (http.closeIdleConnections !== unlessDraining) return
    if (isOwn) http.closeIdleConnections = closeIdleConnections
    else Reflect.deleteProperty(http, 'closeIdleConnections')
  }
}
