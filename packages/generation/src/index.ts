export type { GenerationEvent, KillReason } from './events.ts'
export { describeFailure, exitStatus, type GenerationFailure, type ProcessExit } from './failure.ts'
export { Generation, type GenerationOptions } from './generation.ts'
export { LaunchError } from './launch-error.ts'
export { nodeSystem } from './node-system.ts'
export {
  type GenerationAction,
  type GenerationState,
  type GenerationStep,
  type GenerationTrigger,
  generationTable,
} from './state-table.ts'
export type { Launch, ListenSocket, NotifyInbox, ProcessObserver, System } from './system.ts'
