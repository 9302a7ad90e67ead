import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Finds a port that nobody has, for an address that is configured by number. It is below those that the system gives to a program that
 * asks for any, as others on this machine do before the service has it (ip(7): ip_local_port_range).
 */
export async function freePort(host = '::'): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    const server = createServer()
    try {
      server.listen({ host, port })
      await once(server, 'listening')
      await new Promise((resolve) => server.close(resolve))
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
