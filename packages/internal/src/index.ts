export { type Bytes, inBytes, isText, showBytes, textOr } from './bytes.ts'
export { callListener, isThenable } from './call-listener.ts'
export { CodedError } from './coded-error.ts'
export { type Deferred, deferred } from './deferred.ts'
export { Events } from './events.ts'
export { type FrameHead, type FrameLayout, FrameSplitter } from './frame-splitter.ts'
export { lateExpression } from './late-expression.ts'
export { longestTimerMs } from './longest-timer.ts'
export { asError, messageOf } from './message-of.ts'
export { oncePerProcess } from './once-per-process.ts'
export {
  nearestName,
  type OptionType,
  type OptionTypes,
  optionFault,
  show,
  unknownOptionFault,
} from './option-fault.ts'
export { pathFrom } from './path-from.ts'
export { escapeUnprintable, oneLine } from './printable.ts'
export { type PrivateFolderOptions, privateFolderFault } from './private-folder.ts'
export {
  type ProcProcess,
  procName,
  procNames,
  procPids,
  procProcess,
  procProcesses,
  procShowsAll,
  procSockets,
  procText,
  procVariable,
  socketInode,
} from './proc-files.ts'
export { boundInternetSockets, listeningUnixSockets } from './proc-net.ts'
export { isSameStart, isStillRunning, lookUpProcess, type ProcessEntry } from './process-table.ts'
export { RaisedSignals } from './raised-signals.ts'
export { readProc, splitStrings } from './read-proc.ts'
export { startRunningTime } from './running-time.ts'
export { RunningTimer } from './running-timer.ts'
export { type Checked, isTwoWaySchema, safeEncode, type TwoWaySchema } from './schema.ts'
export { serverHint } from './server-hint.ts'
export type { Shape, ShapeOf } from './shape.ts'
export * as shape from './shape.ts'
export { type Environment, startedEnvironment } from './started-environment.ts'
export { type SameForMs, StopRule, type StopVerdict, sameSignalForMs } from './stop-rule.ts'
export { SweptPathWatch } from './swept-path-watch.ts'
export { wholeTurn } from './whole-turn.ts'
export { type Timeout, withTimeout } from './with-timeout.ts'
export { type WorkingDirectory, workingDirectory } from './working-directory.ts'
