import type { HandoverChannel, HandoverOffer } from '@shellflip/handover'
import type { LaunchCommand } from '@shellflip/launcher'
import type { UpgradeFailure } from '../outcome.ts'

/** What there is to hand over, to whom, and until when. */
export type Attempt = {
  /** Returns the command that starts the successor. @throws {LauncherError} ERR_NOT_REPEATABLE */
  readonly launch: () => LaunchCommand
  readonly offer: HandoverOffer<unknown>
  readonly readyTimeoutMs: number
  /** Ends the attempt; a successor that has the right to serve by then is given some seconds to say that it does. */
  readonly signal: AbortSignal
  /** Who has stopped the service twice waits for nothing: kills a successor that has not answered "commit", and ends the undo. */
  readonly atOnce: AbortSignal
  /** @param pid of the process that was started: the successor, or a wrapper that starts it */
  readonly onStarted: (pid: number) => void
}

export type UpgradeResult =
  /** `pid` serves. */
  | { type: 'committed'; pid: number; channel: HandoverChannel }
  /** Sockets and state lie in the fd store. */
  | { type: 'stored' }
  | { type: 'failed'; failure: UpgradeFailure }

/** Hands over to a successor, or leaves everything to the next instance. */
export type AttemptUpgrade = (attempt: Attempt) => Promise<UpgradeResult>
