import { type SameForMs, sameSignalForMs } from '@shellflip/internal'

/** The causes of a stop: a signal, a request, a request to stop at once, or an internal error. */
export type StopCause = keyof typeof sameForMs

const sameForMs = {
  ...sameSignalForMs,
  // Two operators may request a stop.
  request: Number.POSITIVE_INFINITY,
  'request-now': -1,
  fault: -1,
}

/** Returns how long after the first stop, in milliseconds, another one counts as the same. */
export const sameStopForMs: SameForMs<StopCause> = (cause) => sameForMs[cause]
