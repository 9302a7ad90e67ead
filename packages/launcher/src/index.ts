export { checkSuccessor } from './command/check-successor.ts'
export type { Environment, EnvironmentChanges } from './command/environment.ts'
export { nodeOptionWords } from './command/inspector-options.ts'
export { type LaunchCommand, launchCommand } from './command/launch-command.ts'
export type { SuccessorOptions } from './command/successor-options.ts'
export { handoverVariable, rustVariables } from './descriptor-variables.ts'
export { LauncherError, type LauncherErrorCode } from './launcher-error.ts'
export { IpcParent } from './parent/ipc-parent.ts'
export { type LauncherOptions, launchService } from './parent/launcher.ts'
export { findStarter, type Starter } from './parent/start-by-launcher.ts'
export { startsAsLauncher } from './parent/starts-as-launcher.ts'
export {
  type KeeperEvent,
  type KeeperOptions,
  SuccessorKeeper,
  type TakenSuccessor,
} from './prepared/successor-keeper.ts'
export { startDirectly } from './start/start-directly.ts'
export { startForManager } from './start/start-for-manager.ts'
export {
  type PassedFd,
  type ProcessExit,
  type StartSuccessor,
  type SuccessorProcess,
  starterGone,
} from './start/successor-process.ts'
export { WrappedService } from './start/wrapped-service.ts'
