export type { OwnedFd, SocketAddress } from '@shellflip/fd-passing'
export { FdStoreError, type FdStoreErrorCode } from '@shellflip/fd-store'
export { LauncherError, type LauncherErrorCode, type LaunchOptions } from '@shellflip/launcher'
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
export type { ConnectionCarrier, ServeOptions } from './connections/serve-options.ts'
export type { Flip } from './flip.ts'
export { type FlipEvent, flipChannel, type UpgradeTrigger } from './flip-events.ts'
export type {
  FlipOptions,
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
export { askForRestart, type RestartOutcome } from './restart-socket/ask-for-restart.ts'
export { shellflip } from './shellflip.ts'
export { ShellflipError, type ShellflipErrorCode } from './shellflip-error.ts'
