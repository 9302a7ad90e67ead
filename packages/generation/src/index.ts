export type { GenerationEvent, KillReason } from './events.ts'
export { describeFailure, exitStatus, type GenerationFailure, type ProcessExit } from './failure.ts'
export { Generation, type GenerationOptions } from './generation.ts'
export { GenerationError, type GenerationErrorCode } from './generation-error.ts'
export { isSignal } from './is-signal.ts'
export { LaunchError } from './launch-error.ts'
export type { ManagerReport } from './manager-report.ts'
export { nodeSystem } from './node-system.ts'
export type { SocketSearch, SocketsNotTaken } from './passed-sockets.ts'
export {
  type GenerationAction,
  type GenerationState,
  type GenerationStep,
  type GenerationTrigger,
  generationTable,
} from './state-table.ts'
export type {
  InboxObserver,
  Launch,
  NotifyInbox,
  ProcessObserver,
  SignalOutcome,
  Spawned,
  System,
  Timer,
} from './system.ts'
