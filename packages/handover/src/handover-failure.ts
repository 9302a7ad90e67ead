import { asError } from '@shellflip/internal'
import type { HandoverError } from './handover-error.ts'

/** The reason why a predecessor continues to serve. */
export type HandoverFailure =
  /** The successor exited, or closed the channel, before it served. */
  | { type: 'gone' }
  /**
   * The successor was not ready within the ready timeout, or did not serve within the same time after the commit. `reached` is its last
   * message, if it sent any. `state` means that this process had not sent all of its state by then. `given` means that everything was sent
   * to a successor whose only message reports that it is ready: one of the Rust crate.
   */
  | { type: 'not-ready'; timeoutMs: number; reached?: 'hello' | 'state' | 'given' | 'ready' }
  /** The successor reports that it cannot. */
  | { type: 'refused'; reason: string }
  /** The state cannot be encoded, or not in a version that the successor understands. `error` is usually a `StateError`. */
  | { type: 'state'; error: Error }
  /** The successor sent something that is not the protocol. */
  | { type: 'protocol'; error: HandoverError }
  /** The `signal` was aborted before the commit, or the channel closed. */
  | { type: 'aborted' }

/**
 * The process at the other end. On Linux the kernel attests `pid`, as this process sees it. 0 is a process that we cannot see: one of a pid
 * namespace that is not below ours. Elsewhere `pid` is what the successor reports.
 */
export type Successor = { readonly pid: number }

export type HandoverResult =
  | { type: 'committed'; successor: Successor; elapsedMs: number }
  | { type: 'failed'; failure: HandoverFailure; elapsedMs: number }

/** Describes a failure for people in one line: "the successor was not ready within 60000 ms". */
export function describeHandoverFailure(failure: HandoverFailure): string {
  switch (failure.type) {
    case 'gone':
      return 'the successor exited before it was ready'
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

/** The failure of a state that cannot be encoded or sent. */
export function stateFailure(error: unknown): HandoverFailed {
  return new HandoverFailed({ type: 'state', error: asError(error) })
}
