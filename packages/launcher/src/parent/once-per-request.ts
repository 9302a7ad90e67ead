/**
 * The time in which the same signal counts as one request, in milliseconds. npm passes on what its whole process group was sent, and
 * systemd signals every process of a service. So a request arrives twice, and the second would count as "at once".
 */
const sameRequestMs = 500

/** Handles a signal only once when it comes again within moments. */
export function oncePerRequest(handle: (signal: NodeJS.Signals) => void): (signal: NodeJS.Signals) => void {
  const heardAt = new Map<NodeJS.Signals, number>()
  return (signal) => {
    const now = performance.now()
    if (now - (heardAt.get(signal) ?? Number.NEGATIVE_INFINITY) < sameRequestMs) return
    heardAt.set(signal, now)
    handle(signal)
  }
}
