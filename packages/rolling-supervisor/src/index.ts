export {
  describeFailure,
  type GenerationFailure,
  type GenerationState,
} from '@shellflip/generation'
export type { NumberedGenerationEvent, SupervisorEvent, SupervisorExit } from './events.ts'
export { removeLeftNotifyDirectory } from './notify-sockets/notify-directory.ts'
export {
  NotifySockets,
  type NotifySocketsEvent,
  type NotifySocketsOptions,
} from './notify-sockets/notify-sockets.ts'
export type { GenerationCommand, ManagerLink, SupervisorOptions } from './options.ts'
export type { RestartMode } from './restart-policy.ts'
export { describeRoll, type RollOutcome } from './roll.ts'
export { RollingSupervisor } from './rolling-supervisor.ts'
export {
  type SupervisorAction,
  type SupervisorState,
  type SupervisorStep,
  type SupervisorTrigger,
  supervisorTable,
} from './state-table.ts'
export type { GenerationStatus, SupervisorStatus } from './status.ts'
export { SupervisorError, type SupervisorErrorCode } from './supervisor-error.ts'
