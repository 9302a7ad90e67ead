import { describeHandoverFailure, type HandoverFailure } from '@shellflip/handover'
import type { ShutdownReport } from '@shellflip/shutdown-coordination'

/** The reason why an upgrade is not even tried. */
export type RefusalReason =
  /** This process is not ready itself. */
  | 'not-ready'
  /** Another upgrade is under way, here or in the process that the message names. */
  | 'in-progress'
  /** Its successor serves already: send the request there. */
  | 'draining'
  | 'stopping'
  /** Too many older generations still drain. */
  | 'too-many-draining'
  /** The upgrade lock cannot be taken. The message has the reason. */
  | 'lock-failed'

/** The reason why an upgrade failed. The process keeps serving, and accepts new requests. */
export type UpgradeFailure =
  /** The `beforeUpgrade` hook threw, or did not end within the ready timeout. */
  | { type: 'hook'; error: Error }
  /** The successor was not started. `code` is the system's (ENOENT, EACCES …), or ERR_NOT_REPEATABLE: see `message`. */
  | { type: 'cannot-start'; code: string; message: string }
  /** The system refused something else that a handover needs: usually a free descriptor. */
  | { type: 'system'; error: Error }
  /** The successor exited before it was ready. Both are null if only its wrapper knows how. */
  | { type: 'exited'; code: number | null; signal: NodeJS.Signals | null }
  | Exclude<HandoverFailure, { type: 'gone' }>

/** The outcome of one request for an upgrade. */
export type UpgradeOutcome =
  /** `pid` serves now. A wrapper may have started it. This process drains, and exits. `elapsedMs` counts from the request. */
  | { type: 'upgraded'; pid: number; elapsedMs: number }
  /** Sockets and state are in the fd store. This process drains and exits, and the service manager starts the next one. */
  | { type: 'stored'; elapsedMs: number }
  | { type: 'failed'; failure: UpgradeFailure; message: string; elapsedMs: number }
  | { type: 'refused'; reason: RefusalReason; message: string }

/** How this process's part in the service ended. */
export type FlipEnd =
  /** `pid` serves now, and the work that was in flight here is over: see the report. */
  | { type: 'upgraded'; pid: number; report: ShutdownReport }
  /** `reason` is the signal's name, or the argument of `stop()`. */
  | { type: 'stopped'; reason: string; report: ShutdownReport }
  /** As `stopped`, and sockets and state are in the fd store. `reason` is `restart` if a restart was requested. */
  | { type: 'stored'; reason: string; report: ShutdownReport }

/** Hints at the usual mistake of a program that exits with this code. Node exits with 13 where a promise never settles. */
const exitHints: Readonly<Record<number, string>> = {
  0: '. It must call flip.ready() when the service can serve, and stay alive.',
  13: ': it awaited a promise that never settles.',
}

/** A program reports its own mistake, or an exception, to its standard error. That is also this process's. */
const otherExitHint = '. Its standard error has the reason.'

const notReadyHints = {
  nothing: 'It has not called shellflip() yet.',
  hello: 'It called shellflip(), but not yet flip.ready(). Call flip.ready() when the service can serve.',
  state:
    'Its state was not yet complete. Check that save() ends, and that the successor reads flip.state to its end.',
  given:
    'It got everything, but did not report that it is ready. A service of the Rust crate does so when it first polls its restart task.',
  ready: 'It called flip.ready(), but did not report that it serves.',
}

/** Describes a failure for people in one line: "the successor exited with 3 before it was ready". */
export function describeUpgradeFailure(failure: UpgradeFailure): string {
  switch (failure.type) {
    case 'hook':
      return `the hook beforeUpgrade failed: ${failure.error.message}`
    case 'cannot-start':
      return `cannot start the successor: ${failure.message}`
    case 'system':
      return `the upgrade cannot be done: ${failure.error.message}`
    case 'exited':
      if (failure.code === null && failure.signal === null) return 'the successor exited before it was ready'
      return failure.signal === null
        ? `the successor exited with ${failure.code} before it was ready${exitHints[failure.code ?? 1] ?? otherExitHint}`
        : `the successor was killed by ${failure.signal} before it was ready`
    case 'not-ready':
      return `${describeHandoverFailure(failure)}. ${notReadyHints[failure.reached ?? 'nothing']}`
    default:
      return describeHandoverFailure(failure)
  }
}

const refusals = {
  'not-ready': 'this process is not ready yet. Try again when it is',
  'in-progress': 'an upgrade is in progress',
  draining: 'this process was replaced and drains. Send the request to its successor',
  stopping: 'this process is stopping',
} as const

export function refused(reason: keyof typeof refusals): UpgradeOutcome {
  return { type: 'refused', reason, message: refusals[reason] }
}
