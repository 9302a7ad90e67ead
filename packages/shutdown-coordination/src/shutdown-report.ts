import type { DrainOrder } from './drain-order.ts'
import type { ServerDrain } from './server-drain.ts'
import type { Tasks } from './tasks.ts'

/** The result of a shutdown. */
export type ShutdownReport = {
  /** The reason that was passed to `shutdown()`, or the signal. */
  reason: string
  elapsedMs: number
  /** Whether no work was cut, none failed, and none was still running, except for weak tasks. */
  clean: boolean
  /** The tasks and drains that were still running at the end. */
  unfinished: UnfinishedWork[]
  /** The drains and callbacks that failed by themselves. */
  failed: FailedDrain[]
  /** One for each server, in the order of their registration. */
  servers: ServerReport[]
}

export type UnfinishedWork = {
  name: string
  /** Whether it did not delay the shutdown. Then it does not make the report unclean. */
  weak: boolean
}

export type FailedDrain = { name: string; error: unknown }

export type ServerReport = {
  name: string
  /** HTTP requests answered in full since the drain began. */
  answered: number
  /** Connections that the drain closed without work in flight: after `lingerMs`, or at the deadline. */
  closedIdle: number
  /** Connections that the deadline closed during the head of a request or a TLS handshake. The program knew of neither. */
  closedIncomplete: number
  /** Connections that another process now serves. */
  moved: number
  /** Work that was in flight at the deadline and was destroyed. */
  cut: CutWork[]
}

/** Work that was destroyed at the deadline. */
export type CutWork =
  /** A request that had not been answered in full. */
  | { type: 'request'; method: string; url: string }
  /** A WebSocket, a tunnel or another protocol that an HTTP request had been upgraded to. */
  | { type: 'upgraded'; protocol: string; url: string }
  /** A connection of a plain TCP, UNIX or TLS server. */
  | { type: 'socket'; remoteAddress: string | undefined }

export function shutdownReport(
  reason: string,
  elapsedMs: number,
  tasks: Tasks,
  order: DrainOrder,
  drainedServers: readonly ServerDrain[],
): ShutdownReport {
  const servers = drainedServers.map((server) => server.report())
  const failed = [
    ...order.failed,
    ...drainedServers.flatMap(({ name, errors }) => errors.map((error) => ({ name, error }))),
  ]
  const unfinished = [...tasks.unfinished, ...order.unfinished]
  const clean =
    failed.length === 0 &&
    unfinished.every(({ weak }) => weak) &&
    servers.every(({ cut }) => cut.length === 0)
  return { reason, elapsedMs, clean, unfinished, failed, servers }
}
