export { escapeUnprintable, oneLine } from './printable.ts'
export { type PrivateFolderOptions, privateFolderFault } from './private-folder.ts'
