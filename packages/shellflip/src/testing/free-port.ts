import { randomInt } from 'node:crypto'
import { listenTcp } from '@shellflip/fd-passing'

/**
 * Finds a port that nobody has, for an address that is configured by number. It is below those that the system gives to a program that
 * asks for any, as others on this machine do before the service has it (ip(7): ip_local_port_range).
 */
export function freePort(host = '::'): number {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    try {
      listenTcp({ host, port }).close()
      return port
    } catch (error) {
      if ((error as { errno?: string }).errno !== 'EADDRINUSE') throw error
    }
  }
}
