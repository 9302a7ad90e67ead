/**
 * npm passes on what its whole process group was sent, and systemd tells every process of a service: the same request comes
 * twice, and the second would be taken for "at once". In milliseconds.
 */
const sameRequestMs = 500

/** Handles a signal that comes again within moments only once. */
export function oncePerRequest(handle: (signal: NodeJS.Signals) => void): (signal: NodeJS.Signals) => void {
  const heardAt = new Map<NodeJS.Signals, number>()
  return (signal) => {
    const now = performance.now()
    if (now - (heardAt.get(signal) ?? Number.NEGATIVE_INFINITY) < sameRequestMs) return
    heardAt.set(signal, now)
    handle(signal)
  }
}
