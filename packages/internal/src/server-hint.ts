import { Server } from 'node:net'

/** Fastify and Nest call it `server`, Socket.IO and Apollo `httpServer`. */
const properties = ['server', 'httpServer']

/** What to pass instead of an object of a library that is not a server of Node, or has one within. */
export function serverHint(given: unknown): string | undefined {
  const object = Object(given) as Record<string, unknown>
  const inner = properties.find((name) => object[name] instanceof Server)
  if (inner !== undefined) return `Pass its ${inner} property.`
  if (typeof object.createConnectionInjector !== 'function') return undefined
  return 'Pass a server of node:net that gives its connections to createConnectionInjector() of this gRPC server.'
}
