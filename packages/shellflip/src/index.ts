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
export type {
  ConnectionCarrier,
  Flip,
  FlipOptions,
  ServeOptions,
  UpgradeHooks,
  WithoutState,
  WithState,
  WithStateStream,
} from '@shellflip/upgrader'
export {
  askForRestart,
  describeUpgradeFailure,
  type FlipEnd,
  type FlipEvent,
  flipChannel,
  type RefusalReason,
  type RestartOutcome,
  ShellflipError,
  type ShellflipErrorCode,
  type UpgradeFailure,
  type UpgradeOutcome,
  type UpgradeTrigger,
} from '@shellflip/upgrader'
export { shellflip } from './shellflip.ts'
