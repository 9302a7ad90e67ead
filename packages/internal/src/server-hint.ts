import { Server } from 'node:net'

/** Fastify and Nest call it `server`, Socket.IO and Apollo `httpServer`. */
const properties = ['server', 'httpServer']

/** Returns what to pass instead of a library's object that is not a Node server, or that contains one. */
export function serverHint(given: unknown): string | undefined {
  const object = Object(given) as Record<string, unknown>
  const inner = properties.find((name) => object[name] instanceof Server)
  if (inner !== undefined) return `Pass its ${inner} property.`
  if (typeof object.createConnectionInjector !== 'function') return undefined
  return 'Pass a server of node:net that gives its connections to createConnectionInjector() of this gRPC server.'
}
