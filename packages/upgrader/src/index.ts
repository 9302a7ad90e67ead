export type { Carrier, CarryOptions, Keeper, UpgradeResult } from './carrier/carrier.ts'
export { FdStoreCarrier } from './carrier/fd-store-carrier.ts'
export { SpawnCarrier } from './carrier/spawn-carrier.ts'
export type { ConnectionCarrier, ServeOptions } from './connections/serve-options.ts'
export { askForRestart, type RestartOutcome } from './control-socket/ask-for-restart.ts'
export { UpgradeSocket } from './control-socket/upgrade-socket.ts'
export { Flip, type ServiceParent } from './flip.ts'
export { announcer, type FlipEvent, flipChannel, type UpgradeTrigger } from './flip-events.ts'
export {
  type AnyFlipOptions,
  type FlipOptions,
  type NormalizedOptions,
  normalizeOptions,
  type UpgradeHooks,
  type WithoutState,
  type WithState,
  type WithStateStream,
} from './flip-options.ts'
export { ManagerLink } from './manager-link.ts'
export { OlderGenerations } from './older-generations.ts'
export {
  describeUpgradeFailure,
  type FlipEnd,
  type RefusalReason,
  type UpgradeFailure,
  type UpgradeOutcome,
} from './outcome.ts'
export { findPredecessor, refuseHandover } from './predecessor/find-predecessor.ts'
export type { Predecessor } from './predecessor/predecessor.ts'
export { ShellflipError, type ShellflipErrorCode } from './shellflip-error.ts'
