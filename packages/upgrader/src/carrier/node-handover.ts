import {
  type GiveOptions,
  giveHandover,
  HandoverChannel,
  type HandoverOffer,
  type HandoverResult,
} from '@shellflip/handover'
import { handoverVariable, type PassedFd } from '@shellflip/launcher'
import type { MoveConnections } from '@shellflip/shutdown-coordination'
import type { UpgradeLock } from '@shellflip/upgrade-lock'
import { leaveLock } from '../admit-upgrade.ts'
import type { OpenConnections } from '../connections/open-connections.ts'
import type { OlderGenerations } from '../older-generations.ts'
import type { ServingSuccessor } from './serving-successor.ts'
import type { SuccessorHandover } from './successor-handover.ts'

/** A handover to a service of this library, by a channel that only the two processes have. */
export class NodeHandover implements SuccessorHandover {
  readonly passed: readonly PassedFd[]
  readonly variables = {}
  readonly #offer: HandoverOffer<unknown>
  readonly #channel: HandoverChannel

  /** Begins one to a successor that is still to be started. */
  static open(offer: HandoverOffer<unknown>): NodeHandover {
    const { channel, remote } = HandoverChannel.pair()
    return new NodeHandover(offer, channel, [{ fd: remote, variable: handoverVariable }])
  }

  /** @param passed nothing for a process that has the other end of the channel */
  constructor(offer: HandoverOffer<unknown>, channel: HandoverChannel, passed: readonly PassedFd[] = []) {
    this.#offer = offer
    this.#channel = channel
    this.passed = passed
  }

  closePassed(): void {
    for (const { fd } of this.passed) fd.close()
  }

  give(options: GiveOptions): Promise<HandoverResult> {
    return giveHandover(this.#channel, this.#offer, options)
  }

  close(): void {
    this.#channel.close()
  }

  successor(pid: number): ServingSuccessor {
    return new NodeSuccessor(pid, this.#channel)
  }
}

/** A process of this library. It takes open connections by the channel, holds the lock, and watches the older generations. */
class NodeSuccessor implements ServingSuccessor {
  readonly pid: number
  readonly #channel: HandoverChannel

  constructor(pid: number, channel: HandoverChannel) {
    this.pid = pid
    this.#channel = channel
  }

  mover(connections: OpenConnections): MoveConnections {
    return connections.moverTo(this.#channel)
  }

  leaveLock(lock: UpgradeLock | undefined): void {
    leaveLock(lock)
  }

  gone(older: OlderGenerations, keptAliveBy: () => string | undefined): Promise<void> {
    return older.leave(keptAliveBy)
  }
}
