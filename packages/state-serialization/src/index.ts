export {
  type Compatibility,
  compatibility,
  type Migration,
  type Migrations,
  type StateIdentity,
} from './compatibility.ts'
export { defineState, type StateDefinition, type StateOptions } from './define-state.ts'
export {
  defineStateStream,
  type StateStreamDefinition,
  type StateStreamOptions,
  type StreamEncodeOptions,
} from './define-state-stream.ts'
export type { Definition } from './definition.ts'
export type { DecodeOptions } from './item-decoder.ts'
export type { EncodedState, EncodeOptions } from './item-encoder.ts'
export { StateError, type StateErrorCode } from './state-error.ts'
export { fromFile, type StateFile, toFile } from './state-file.ts'
export type { StateSchema } from './state-schema.ts'
export type { StateReader, StateSource } from './state-source.ts'
export { toBuffer } from './to-buffer.ts'
