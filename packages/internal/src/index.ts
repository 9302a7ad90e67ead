export { escapeUnprintable, oneLine } from './printable.ts'
export { type PrivateFolderOptions, privateFolderFault } from './private-folder.ts'
export { SweptPathWatch } from './swept-path-watch.ts'
