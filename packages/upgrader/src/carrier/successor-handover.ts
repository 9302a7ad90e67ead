import type { GiveOptions, HandoverOffer, HandoverResult } from '@shellflip/handover'
import type { PassedFd } from '@shellflip/launcher'
import type { ServingSuccessor } from './serving-successor.ts'

/** A handover to one successor that this process starts. It begins before the start, because the successor inherits its descriptors. */
export interface SuccessorHandover {
  /** The descriptors that the successor inherits. */
  readonly passed: readonly PassedFd[]
  /** The variables of the successor, besides those that carry the number of a descriptor. */
  readonly variables: Readonly<Record<string, string>>
  /** Closes the descriptors that the successor inherits, because it has them or never will. */
  closePassed(): void
  /** Gives everything, and waits until the successor serves. A failure leaves everything with this process. */
  give(options: GiveOptions): Promise<HandoverResult>
  /** Ends it. A successor that does not serve yet gets no right to. */
  close(): void
  /** Returns the successor, once it serves. */
  successor(pid: number): ServingSuccessor
}

/** Begins a handover in the protocol of the successor. */
export type OpenHandover = (offer: HandoverOffer<unknown>) => SuccessorHandover
