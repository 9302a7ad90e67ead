import {
  localAddress,
  type NamedFd,
  type SocketAddress,
  socketTypeOf,
  type UnixSocketType,
} from '@shellflip/fd-passing'
import type { GenerationState } from '@shellflip/generation'
import type { RollOutcome } from './roll.ts'
import type { SupervisorState } from './state-table.ts'

export type GenerationStatus = {
  id: number
  /** The main process. */
  pid: number
  state: GenerationState
  /** When it came into its state. */
  since: Date
  /** The text it last sent as STATUS=. */
  status?: string
}

export type SupervisorStatus = {
  state: SupervisorState
  /** The supervisor's own. */
  pid: number
  /** When the supervisor was started. */
  since: Date
  /** Those that have a process, the oldest first. */
  generations: GenerationStatus[]
  /** The outcome of the last roll. */
  lastRoll?: RollOutcome
  /** The addresses that it listens on, as `tcp://127.0.0.1:8080`, `udp://[::]:53`, `unix:///run/app.sock` or `unix://@abstract`. */
  listeners: { name: string; address: string }[]
}

export function describeListener({ name, fd }: NamedFd): { name: string; address: string } {
  return { name, address: formatAddress(localAddress(fd.fd), socketTypeOf(fd.fd)) }
}

function formatAddress(address: SocketAddress, type: UnixSocketType): string {
  if (address.family === 'unix') return `unix://${address.path}${type === 'stream' ? '' : `?type=${type}`}`
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${type === 'datagram' ? 'udp' : 'tcp'}://${host}:${address.port}`
}
