import { constants } from 'node:os'
import { checked } from './error.ts'
import { native } from './native.ts'

/** The C library keeps the first ones (signal(7)) for itself and answers EINVAL. */
const first = 32
const last = 64

/**
 * Keeps real-time signals, which Node does not name, from ending this process. Children start with the default action again. Only Linux
 * has these signals.
 */
export function ignoreRealTimeSignals(): void {
  if (process.platform !== 'linux') return
  for (let signal = first; signal <= last; signal++) {
    const ignored = native.ignoreSignal(signal)
    if (ignored !== -constants.errno.EINVAL) checked(ignored, 'sigaction', String(signal))
  }
}
