import { RaisedSignals } from '@shellflip/internal'
import { oncePerRequest } from './once-per-request.ts'

/** The signals that a service may handle, or exit by. A process without a handler dies of them, and PID 1 would not even notice them. */
const relayed: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

/**
 * Passes on the signals that this process gets. It runs before any handler of the program, because such a handler may exit. A signal that
 * such a handler raises again was passed on already.
 */
export function relaySignals(more: readonly NodeJS.Signals[], pass: (signal: NodeJS.Signals) => void): void {
  let raised: RaisedSignals | undefined
  const passOnce = oncePerRequest(pass)
  const listener = (signal: NodeJS.Signals) => {
    if (raised?.take(signal)) return
    raised ??= new RaisedSignals()
    passOnce(signal)
  }
  for (const signal of new Set([...relayed, ...more])) process.prependListener(signal, listener)
}
