import { RaisedSignals, type SameForMs, StopRule, sameSignalForMs } from '@shellflip/internal'

/** The cause of a stop: a signal, a message of the parent, or the program by `flip.stop()`. */
export type StopCause = NodeJS.Signals | 'message' | 'call'

/** How long a signal without a time of its own still counts as the same stop, in milliseconds. */
const otherSignalForMs = 500

/**
 * Returns how long after the first stop another one is still the same. A program that handles SIGTERM as well calls `flip.stop()` in its
 * handler. That call is the stop that the signal began. A second call is deliberate.
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
   * Reports whether this is the first stop, or a deliberate further one.
   *
   * @param isEmitted whether the program emitted the event of the signal, and no process sent one
   */
  isNew(cause: StopCause, isEmitted = false): boolean {
    // Read in any case, so that it does not count for a later signal.
    const isRaised = cause !== 'call' && cause !== 'message' && this.#raised?.take(cause)
    const verdict = this.#rule.judge(cause)
    this.#raised ??= new RaisedSignals()
    return verdict === 'drain' || (verdict === 'cut' && !isRaised && !isEmitted)
  }

  /** Stops watching, because none of this process's work is left to cut. */
  over(): void {
    this.#raised?.[Symbol.dispose]()
  }
}
