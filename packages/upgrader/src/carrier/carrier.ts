import type { FdStore } from '@shellflip/fd-store'
import type { HandoverOffer } from '@shellflip/handover'
import type { LaunchCommand } from '@shellflip/launcher'
import type { FlipEnd, UpgradeFailure } from '../outcome.ts'
import type { Shutdown } from '../shutdown.ts'
import type { ServingSuccessor } from './serving-successor.ts'

/** Names what is carried to the next generation, and limits the time. */
export type CarryOptions = {
  /**
   * Returns the command that starts the successor, with these variables as well.
   *
   * @throws {LauncherError} ERR_NOT_REPEATABLE
   */
  readonly launch: (variables: Readonly<Record<string, string>>) => LaunchCommand
  readonly offer: HandoverOffer<unknown>
  readonly readyTimeoutMs: number
  /** Aborts the upgrade. A successor that may already serve gets some seconds to report that it does. */
  readonly signal: AbortSignal
  /** Aborted by a second stop. It kills a successor that has not answered "commit", and ends the undo. */
  readonly atOnce: AbortSignal
  /** @param pid of the process that was started: the successor, or a wrapper that starts it */
  readonly onStarted: (pid: number) => void
}

export type UpgradeResult =
  /** The successor serves. */
  | { type: 'committed'; successor: ServingSuccessor }
  /** Sockets and state are in the fd store. */
  | { type: 'stored' }
  | { type: 'failed'; failure: UpgradeFailure }

/** Carries the service from this process to its next generation. */
export interface Carrier {
  /** Hands over to the next generation, or fails and leaves the service with this process. */
  carry(options: CarryOptions): Promise<UpgradeResult>
  /** Shuts this process down when the service is stopped. */
  stop(shutdown: Shutdown, reason: string): Promise<FlipEnd>
  /** Prepares the next upgrade, where that is requested. Called while this process alone serves. {@link carry} and {@link stop} end it. */
  keepPrepared(): void
  /** Lists where else the sockets are kept, so that they survive a crash of this process. */
  readonly keepers: readonly Keeper[]
}

/** Keeps sockets and state outside of this process. */
export type Keeper = Pick<FdStore, 'keepSockets' | 'dropState'>
