export type { MoveConnections } from './connection-moves.ts'
export type { DrainAfter, Drainable, DrainContext, DrainOptions } from './drainable.ts'
export type { DrainUpgraded } from './http-connection.ts'
export type { DrainSocket } from './net-connection.ts'
export { Registration } from './registration.ts'
export type { ServerOptions } from './server-options.ts'
export {
  ShutdownCoordinationError,
  type ShutdownCoordinationErrorCode,
} from './shutdown-coordination-error.ts'
export {
  ShutdownCoordinator,
  type ShutdownCoordinatorOptions,
  type ShutdownOptions,
  type TaskOptions,
} from './shutdown-coordinator.ts'
export type {
  CutWork,
  FailedDrain,
  ServerReport,
  ShutdownReport,
  UnfinishedWork,
} from './shutdown-report.ts'
export { TaskHandle } from './task-handle.ts'
