import type { MoveConnections } from '@shellflip/shutdown-coordination'
import type { UpgradeLock } from '@shellflip/upgrade-lock'
import type { OpenConnections } from '../connections/open-connections.ts'
import type { OlderGenerations } from '../older-generations.ts'

/** The successor that serves, and what it takes besides the service. This process drains now. */
export interface ServingSuccessor {
  /** A wrapper may have started it. */
  readonly pid: number
  /** Returns what moves an open connection to it. Undefined if the connections stay here and drain. */
  mover(connections: OpenConnections): MoveConnections | undefined
  /** Leaves the upgrade lock: to the successor if it holds it, or else free. */
  leaveLock(lock: UpgradeLock | undefined): void
  /**
   * Leaves the older generations. Resolves when neither this successor nor a later one serves any more, and never where that is unknown.
   *
   * @param keptAliveBy names what keeps this process alive after its drain. Undefined while it drains.
   */
  gone(older: OlderGenerations, keptAliveBy: () => string | undefined): Promise<void>
}
