import { socketKinds } from '@shellflip/handover'
import { invalidArgument } from './listeners-error.ts'

export type Transport = 'tcp' | 'unix' | 'udp4' | 'udp6'

/** An address as it is configured, not as the system resolves it: `localhost`, no host at all, port 0. */
export type ConfiguredAddress = {
  readonly name?: string
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly path?: string
}

/** Writes an address for people: `127.0.0.1:8080`, `[::1]:8080`, `*:8080`. */
export function hostAndPort({ host = '*', port }: Pick<ConfiguredAddress, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * Returns the name of an address as configured. Two versions mean the same socket if they write it in the same way. Port 0 is a different
 * port each time, so there the program's own name identifies it.
 *
 * @throws {ListenersError} ERR_INVALID_ARGUMENT
 */
export function boundKey(transport: Transport, { name, host, port, path }: ConfiguredAddress): string {
  if (path !== undefined) return `${socketKinds.bound}unix:${path}`
  const address = `${transport}://${hostAndPort({ host, port })}`
  if (port !== 0) return `${socketKinds.bound}${address}`
  if (name === undefined) {
    throw invalidArgument(
      'port 0 is a different port each time. Give it a name, so that a successor finds it.',
    )
  }
  return `${socketKinds.bound}${address}#${name}`
}
