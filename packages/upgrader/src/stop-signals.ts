import { RaisedSignals, type SameForMs, StopRule, sameSignalForMs } from '@shellflip/internal'

/** What can call for a stop: a signal, a message of the parent, or the program by `flip.stop()`. */
export type StopCause = NodeJS.Signals | 'message' | 'call'

/** How long a signal that has no time of its own is still the same stop, in milliseconds. */
const otherSignalForMs = 500

/**
 * How long after the first stop another one is still the same. A program that handles SIGTERM as well calls `flip.stop()`
 * in its handler: that is the stop that the signal began. A second call is deliberate.
 */
export const sameStopForMs: SameForMs<StopCause> = (cause, first) => {
  const times: Partial<Record<StopCause, number>> = sameSignalForMs
  if (cause === 'call') return first === 'call' ? -1 : sameSignalForMs.SIGTERM
  if (cause === 'message') return sameSignalForMs.SIGTERM
  return times[cause] ?? otherSignalForMs
}

/** Tells one stop that arrives several times from a deliberate second stop (docs/decisions/0020). */
export class Stops {
  readonly #rule = new StopRule(sameStopForMs)
  #raised: RaisedSignals | undefined

  /**
   * Whether this is the first stop, or a deliberate further one.
   *
   * @param isEmitted whether the program has emitted the event of the signal, and nobody has sent one
   */
  isNew(cause: StopCause, isEmitted = false): boolean {
    // Looked at in any case, so that it does not count for a signal that comes later.
    const isRaised = cause !== 'call' && cause !== 'message' && this.#raised?.take(cause)
    const verdict = this.#rule.judge(cause)
    this.#raised ??= new RaisedSignals()
    return verdict === 'drain' || (verdict === 'cut' && !isRaised && !isEmitted)
  }

  /** Nothing of this process's work is left to cut. */
  over(): void {
    this.#raised?.[Symbol.dispose]()
  }
}
