export { adoptHttpConnection, adoptNetConnection } from './adopt-connection.ts'
export { ConnectionGiver, type GivenConnection } from './connection-giver.ts'
export { type GiveOptions, giveHandover } from './give-handover.ts'
export { HandoverChannel } from './handover-channel.ts'
export { HandoverError, type HandoverErrorCode } from './handover-error.ts'
export {
  describeHandoverFailure,
  type HandoverFailure,
  type HandoverResult,
  type Successor,
} from './handover-failure.ts'
export type { ManifestSocket } from './messages.ts'
export type { HandoverOffer, OfferedFd, OfferedState } from './offer.ts'
export { socketKinds } from './socket-kinds.ts'
export { type TakeOverOptions, takeOver } from './take-over.ts'
export type { TakenConnection } from './taken-connection.ts'
export type { Commitment, Takeover } from './takeover.ts'
