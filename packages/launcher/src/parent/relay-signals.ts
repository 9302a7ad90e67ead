import { RaisedSignals } from '@shellflip/internal'
import { oncePerRequest } from './once-per-request.ts'

/** What a service may handle, or end by. Of these a process without a handler dies, and PID 1 would not even notice. */
const relayed: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

/**
 * Passes on the signals that this process gets: before any handler that the program has, which may end it. A signal that such a
 * handler raises again was passed on already.
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
