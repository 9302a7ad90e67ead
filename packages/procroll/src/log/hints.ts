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
  'Raise --ready-timeout to give it more time'

const FOREGROUND =
  'Run the program in the foreground, not as a daemon (nginx: daemon off, redis: --daemonize no)'

const SOCKETS =
  'With --listen the service gets the socket as fd 3 (LISTEN_FDS). If it binds the address itself, it fails with EADDRINUSE'
