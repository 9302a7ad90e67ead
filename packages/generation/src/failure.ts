import { getSystemErrorMap } from 'node:util'
import type { ProcessExit as SpawnedExit } from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { describeNotTaken, type SocketsNotTaken } from './passed-sockets.ts'

/** How a process ended. Both are null if it was not our child, because the kernel then reports no exit status to us. */
export type ProcessExit = SpawnedExit & {
  /** The control group has counted a kill for lack of memory since its start, and SIGKILL ended it. */
  outOfMemory?: true
}

/** Why a generation failed, before or after it was ready. */
export type GenerationFailure =
  /** It ended by itself. `errno` is the value it reported by ERRNO=. */
  | ({ type: 'exited'; beforeReady: boolean; errno?: number } & ProcessExit)
  /** It did not send READY=1 within the ready timeout (including extensions by EXTEND_TIMEOUT_USEC). */
  | { type: 'not-ready'; timeoutMs: number }
  /** The operating system refused to start it. `code` is the errno name (ENOENT, EACCES, EMFILE …). */
  | { type: 'cannot-start'; code: string; message: string }
  /** It was ready, but did not send a keep-alive to its watchdog in time. */
  | { type: 'hung'; timeoutMs: number }
  /** The caller stopped it before it was ready. */
  | { type: 'stopped' }
  /** It reported ready, but none of its processes took the passed sockets, and one of them listens on its own socket. */
  | ({ type: 'sockets-not-taken' } & SocketsNotTaken)

/** Describes a failure, to follow "generation 3": `exited with 3 before ready`. */
export function describeFailure(failure: GenerationFailure): string {
  switch (failure.type) {
    case 'exited':
      return `${describeExit(failure)}${describeErrno(failure.errno)}${failure.beforeReady ? ' before ready' : ''}`
    case 'not-ready':
      return `not ready within ${describeDuration(failure.timeoutMs)}`
    case 'cannot-start':
      return `cannot start: ${failure.code}: ${failure.message}`
    case 'hung':
      return `hung: sent no WATCHDOG=1 within ${describeDuration(failure.timeoutMs)}`
    case 'stopped':
      return 'stopped before ready'
    case 'sockets-not-taken':
      return describeNotTaken(failure)
  }
}

/**
 * Returns the exit status that a shell would report for it: 128 plus the signal's number if a signal ended it. An exit before readiness
 * is a failure, so the status is never 0.
 */
export function exitStatus(failure: GenerationFailure, signalNumbers: Record<string, number>): number {
  if (failure.type !== 'exited') return 1
  if (failure.code !== null) return failure.beforeReady ? failure.code || 1 : failure.code
  return failure.signal === null ? 1 : 128 + (signalNumbers[failure.signal] ?? 0)
}

function describeExit({ code, signal, outOfMemory }: ProcessExit): string {
  if (signal !== null) return `killed by ${signal}${outOfMemory ? ' (out of memory)' : ''}`
  return code === null ? 'ended with an unknown status' : `exited with ${code}`
}

function describeErrno(errno: number | undefined): string {
  if (errno === undefined) return ''
  const [name, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, '']
  return text === '' ? ` (${name})` : ` (${name}: ${text})`
}

function describeDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}

/** Converts a thrown value to an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : show(thrown))
}

/** Returns the errno name (ENOENT, EMFILE …) of the error, or of the deepest error that caused it. */
export function systemCodeOf(error: Error): string {
  const { cause, errno, code } = error as { cause?: unknown; errno?: unknown; code?: unknown }
  if (cause instanceof Error) return systemCodeOf(cause)
  if (typeof errno === 'string') return errno
  return typeof code === 'string' ? code : 'ERR_UNKNOWN'
}
