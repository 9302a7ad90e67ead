import type { HandoverError } from './handover-error.ts'

/** Why a predecessor goes on itself. */
export type HandoverFailure =
  /** The successor ended, or closed the channel, before it served. */
  | { type: 'gone' }
  /**
   * It was not ready within the ready timeout, or did not serve within the same time after the commit. `reached` is the last thing
   * that it said, if it said anything. `state` tells that this process had not given its state to the end by then.
   */
  | { type: 'not-ready'; timeoutMs: number; reached?: 'hello' | 'state' | 'ready' }
  /** It says itself that it cannot. */
  | { type: 'refused'; reason: string }
  /** The state cannot be encoded, or not as the successor would understand it; mostly `error` is a `StateError`. */
  | { type: 'state'; error: Error }
  /** It says something that is not the protocol. */
  | { type: 'protocol'; error: HandoverError }
  /** The `signal` was aborted before the commit, or the channel closed. */
  | { type: 'aborted' }

/**
 * The process at the other end. On Linux `pid` is the kernel's word, as this process sees it, and 0 for a process that it
 * cannot see: one of a pid namespace that is not below its own. Elsewhere it is what the successor says of itself.
 */
export type Successor = { readonly pid: number }

export type HandoverResult =
  | { type: 'committed'; successor: Successor; elapsedMs: number }
  | { type: 'failed'; failure: HandoverFailure; elapsedMs: number }

/** One line for people: "the successor was not ready within 60000 ms". */
export function describeHandoverFailure(failure: HandoverFailure): string {
  switch (failure.type) {
    case 'gone':
      return 'the successor ended before it was ready'
    case 'not-ready':
      return `the successor was not ready within ${failure.timeoutMs} ms`
    case 'refused':
      return `the successor refused: ${failure.reason}`
    case 'state':
      return `the state cannot be handed over: ${failure.error.message}`
    case 'protocol':
      return failure.error.message
    case 'aborted':
      return 'the handover was aborted'
  }
}

/** Carries a failure to where it becomes a result. */
export class HandoverFailed extends Error {
  readonly failure: HandoverFailure

  constructor(failure: HandoverFailure) {
    super(describeHandoverFailure(failure))
    this.failure = failure
  }
}
