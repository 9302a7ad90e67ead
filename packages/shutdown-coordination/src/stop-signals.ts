import { constants } from 'node:os'
import { nearestName, show } from '@shellflip/internal'
import { invalidArgument } from './shutdown-coordination-error.ts'

const uncatchable = ['SIGKILL', 'SIGSTOP']

/** After a real fault the process cannot run a listener (Node's documentation of signal events). */
const faults = ['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']

/** Listens for each signal once, even if it is named several times. */
export class StopSignals {
  readonly #onStop: (signal: NodeJS.Signals) => void
  readonly #uses = new Map<NodeJS.Signals, number>()

  constructor(onStop: (signal: NodeJS.Signals) => void) {
    this.#onStop = onStop
  }

  /** @returns the undo, which may be called twice */
  listen(signals: readonly NodeJS.Signals[]): () => void {
    const names = new Set(signals)
    for (const signal of names) {
      const uses = this.#uses.get(signal) ?? 0
      if (uses === 0) process.on(signal, this.#onStop)
      this.#uses.set(signal, uses + 1)
    }
    return () => {
      for (const signal of names) this.#release(signal)
      names.clear()
    }
  }

  close(): void {
    for (const signal of this.#uses.keys()) process.removeListener(signal, this.#onStop)
    this.#uses.clear()
  }

  #release(signal: NodeJS.Signals): void {
    const uses = this.#uses.get(signal)
    if (uses === undefined) return
    if (uses > 1) {
      this.#uses.set(signal, uses - 1)
      return
    }
    this.#uses.delete(signal)
    process.removeListener(signal, this.#onStop)
  }
}

/** Throws unless a program can stop on each of these signals. */
export function assertStopSignals(signals: readonly NodeJS.Signals[]): void {
  if (!Array.isArray(signals) || signals.length === 0) {
    throw invalidArgument(
      `onSignals() takes a list of signals, not ${show(signals)}. Pass ["SIGTERM", "SIGINT"].`,
    )
  }
  // If two names are equally near, the first one wins.
  const known = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', ...Object.keys(constants.signals)]
  for (const signal of signals) {
    if (typeof signal !== 'string' || !(signal in constants.signals)) {
      const nearest = nearestName(typeof signal === 'string' ? signal : '', known) ?? 'SIGTERM'
      throw invalidArgument(`${show(signal)} is not a signal of this system. Did you mean "${nearest}"?`)
    }
    if (uncatchable.includes(signal)) {
      throw invalidArgument(`no process can catch ${signal}. Remove it. The process always ends immediately.`)
    }
    if (faults.includes(signal)) {
      throw invalidArgument(
        `${signal} reports a fault, after which listeners cannot run. Remove it. The process always ends.`,
      )
    }
  }
}
