import type { GenerationFailure } from '@shellflip/rolling-supervisor'

/**
 * One sentence of help for a failure whose reason is often the same.
 *
 * @param hasListeners whether generations get sockets
 */
export function hintFor(failure: GenerationFailure, hasListeners: boolean): string | undefined {
  if (failure.type === 'not-ready') return READY
  if (failure.type !== 'exited' || !failure.beforeReady || failure.signal !== null) return undefined
  if (failure.code === 0) return FOREGROUND
  return hasListeners ? SOCKETS : undefined
}

const READY =
  'A service reports that it is ready by sending READY=1 to the socket in NOTIFY_SOCKET (sd_notify(3), systemd-notify --ready). ' +
  '--ready-timeout gives it more time'

const FOREGROUND =
  'A program that goes to the background must be run in the foreground (nginx: daemon off, redis: --daemonize no)'

const SOCKETS =
  'With --listen the socket comes as fd 3 (LISTEN_FDS): a service that binds the address itself fails with EADDRINUSE'
