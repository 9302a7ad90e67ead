export type { ConnectionCarrier, ServeOptions } from './connections/serve-options.ts'
export { askForRestart, type RestartOutcome } from './control-socket/ask-for-restart.ts'
export type { Flip } from './flip.ts'
export { type ActivationStep, type FlipEvent, flipChannel, type UpgradeTrigger } from './flip-events.ts'
export type {
  FlipOptions,
  RustBytes,
  UpgradeHooks,
  WithoutState,
  WithState,
  WithStateStream,
} from './flip-options.ts'
export {
  describeUpgradeFailure,
  type FlipEnd,
  type RefusalReason,
  type UpgradeFailure,
  type UpgradeOutcome,
} from './outcome.ts'
export { shellflip } from './shellflip.ts'
export { ShellflipError, type ShellflipErrorCode } from './shellflip-error.ts'
