export { escapeUnprintable, oneLine } from './printable.ts'
export { type PrivateFolderOptions, privateFolderFault } from './private-folder.ts'
export { RunningTimer } from './running-timer.ts'
