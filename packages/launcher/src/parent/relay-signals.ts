import { RaisedSignals } from '@shellflip/internal'

/** The signals that a service may handle, or exit by. A process without a handler dies of them, and PID 1 would not even notice them. */
const relayed: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']

/**
 * How long the same signal is the same request, in milliseconds. npm relays what its whole process group received, and
 * systemd signals every process of a service. A second signal would otherwise stop the service immediately.
 */
const sameRequestMs = 500

/**
 * Passes on the signals that this process gets. It runs before any handler of the program, because such a handler may exit. A signal that
 * such a handler raises again was passed on already.
 */
export function relaySignals(more: readonly NodeJS.Signals[], pass: (signal: NodeJS.Signals) => void): void {
  let raised: RaisedSignals | undefined
  const passOnce = withoutRepeats(pass)
  const listener = (signal: NodeJS.Signals) => {
    if (raised?.take(signal)) return
    raised ??= new RaisedSignals()
    passOnce(signal)
  }
  for (const signal of new Set([...relayed, ...more])) process.prependListener(signal, listener)
}

/** Handles a signal once, where it comes again within moments. */
function withoutRepeats(handle: (signal: NodeJS.Signals) => void): (signal: NodeJS.Signals) => void {
  const heardAt = new Map<NodeJS.Signals, number>()
  return (signal) => {
    const now = performance.now()
    if (now - (heardAt.get(signal) ?? Number.NEGATIVE_INFINITY) < sameRequestMs) return
    heardAt.set(signal, now)
    handle(signal)
  }
}
