export type { OwnedFd, SocketAddress } from '@shellflip/fd-passing'
export { FdStoreError, type FdStoreErrorCode } from '@shellflip/fd-store'
export { LauncherError, type LauncherErrorCode, type SuccessorOptions } from '@shellflip/launcher'
export {
  type BindAddress,
  type ListenAddress,
  ListenersError,
  type ListenersErrorCode,
} from '@shellflip/listeners'
export {
  ShutdownCoordinator,
  type ShutdownReport,
} from '@shellflip/shutdown-coordination'
export { defineState, defineStateStream } from '@shellflip/state-serialization'
export {
  type ActivationStep,
  askForRestart,
  type ConnectionCarrier,
  describeUpgradeFailure,
  type Flip,
  type FlipEnd,
  type FlipEvent,
  type FlipOptions,
  flipChannel,
  type RefusalReason,
  type RestartOutcome,
  type RustBytes,
  type ServeOptions,
  ShellflipError,
  type ShellflipErrorCode,
  shellflip,
  type UpgradeFailure,
  type UpgradeHooks,
  type UpgradeOutcome,
  type UpgradeTrigger,
  type WithoutState,
  type WithState,
  type WithStateStream,
} from '@shellflip/upgrader'
