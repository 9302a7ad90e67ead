export type { CaughtSignal } from './process/caught-signals.ts'
export { catchSignals, keepInspectorClosed, receiveSignals } from './process/caught-signals.ts'
export { surviveClosedStdout } from './process/closed-stdout.ts'
export { endOnInternalError } from './process/last-resort.ts'
