import { checkDecodeOptions, checkEncodeOptions, checkWrite } from './check-call.ts'
import { type ChunkSink, CollectingSink, ImmediateSink } from './chunk-sink.ts'
import { type Compatibility, compatibility, type StateIdentity } from './compatibility.ts'
import { checkDefinition, checkLimit, checkOptionNames, type Definition } from './definition.ts'
import { form } from './frame.ts'
import { type DecodeOptions, ItemDecoder } from './item-decoder.ts'
import { type EncodedState, type EncodeOptions, ItemEncoder } from './item-encoder.ts'
import { corrupt } from './state-error.ts'
import type { StateSource } from './state-source.ts'

export type StateOptions<T> = Definition<T> & {
  /** The limit for the encoded value, in bytes. Both ends enforce it. @default 1 GiB */
  readonly maxBytes?: number
}

/**
 * A state that is one value, in memory as a whole at both ends. A handover and the fd store encode it by
 * {@link StateDefinition.encodeTo}, so an object that wraps a definition needs that method too.
 */
export type StateDefinition<T> = StateIdentity & {
  /** Tells it from a stream of items. */
  readonly form: 'value'
  /**
   * Encodes the value as it is now. When this returns, the whole value is checked and encoded. The chunks can be read again for another
   * try.
   *
   * @throws {StateError} ERR_STATE_INVALID
   * @throws {StateError} ERR_STATE_NOT_ENCODABLE
   * @throws {StateError} ERR_STATE_TOO_LARGE
   * @throws {StateError} ERR_STATE_TOO_NEW
   * @throws {StateError} ERR_STATE_MIGRATION_FAILED
   */
  encode<E = never>(value: T, options?: EncodeOptions<E>): EncodedState<E>
  /**
   * Encodes the value as it is now, and gives the bytes to `write` while it encodes. The bytes of a long Buffer are those of the value
   * itself, so nothing is copied on the way. Only memory that threads share is copied. `write` must be done with them when it returns.
   *
   * If this throws, `write` may have got a part of the bytes. Truncate the file then.
   *
   * @throws {StateError} ERR_STATE_UNWRITABLE if `write` throws. `cause` is what it threw
   * @throws {StateError} as {@link StateDefinition.encode}
   */
  encodeTo<E = never>(
    write: (bytes: Uint8Array) => void,
    value: T,
    options?: EncodeOptions<E>,
  ): Pick<EncodedState<E>, 'externals'>
  /**
   * Decodes what `encode` of this or an earlier version gave out. Reads its source to the end, since only then it is
   * whole, and closes it.
   *
   * @throws {StateError} ERR_STATE_FOREIGN
   * @throws {StateError} ERR_STATE_UNKNOWN_FORMAT
   * @throws {StateError} ERR_STATE_TOO_NEW
   * @throws {StateError} ERR_STATE_TOO_OLD
   * @throws {StateError} ERR_STATE_TRUNCATED
   * @throws {StateError} ERR_STATE_CORRUPT
   * @throws {StateError} ERR_STATE_TOO_LARGE
   * @throws {StateError} ERR_STATE_INVALID
   * @throws {StateError} ERR_STATE_MIGRATION_FAILED
   * @throws {StateError} ERR_STATE_EXTERNALS
   * @throws {StateError} ERR_STATE_UNREADABLE
   */
  decode(source: StateSource, options?: DecodeOptions): Promise<T>
  /** Returns what this definition can do with state of this name and version. */
  compatibility(encoded: StateIdentity): Compatibility
}

const defaultMaxBytes = 1024 ** 3

/**
 * Defines a state that is one value. Its type is the schema's.
 *
 * @throws {StateError} ERR_INVALID_ARGUMENT
 */
export function defineState<T>(options: StateOptions<T>): StateDefinition<T> {
  checkOptionNames('defineState()', options, ['maxBytes'])
  const { maxBytes = defaultMaxBytes } = options
  const definition: Definition<T> = options
  checkDefinition(definition)
  checkLimit('maxBytes', maxBytes)
  const encodeInto = <E>(sink: ChunkSink, value: T, encodeOptions: EncodeOptions<E>): ItemEncoder<T, E> => {
    const limits = { form: form.value, what: 'the state', maxBytes }
    const encoder = new ItemEncoder(definition, limits, encodeOptions)
    const items = encoder.into(sink)
    items.write(value)
    items.end()
    return encoder
  }
  return {
    form: 'value',
    name: definition.name,
    version: definition.version,
    compatibility: (encoded) => compatibility(encoded, definition),
    encode(value, encodeOptions = {}) {
      checkEncodeOptions(encodeOptions)
      const sink = new CollectingSink()
      const { externals } = encodeInto(sink, value, encodeOptions)
      const chunks = sink.take()
      return {
        externals,
        async *[Symbol.asyncIterator]() {
          yield* chunks
        },
      }
    },
    encodeTo(write, value, encodeOptions = {}) {
      checkWrite(write)
      checkEncodeOptions(encodeOptions)
      const { externals } = encodeInto(new ImmediateSink(write), value, encodeOptions)
      return { externals }
    },
    async decode(source, decodeOptions = {}) {
      checkDecodeOptions(decodeOptions)
      const decoder = new ItemDecoder(definition, form.value, decodeOptions)
      const found: unknown[] = []
      for await (const wire of decoder.wires(source, { maxItemBytes: maxBytes, maxBytes: Infinity })) {
        if (found.push(wire) > 1) throw corrupt('it holds more than one value')
      }
      if (found.length === 0) throw corrupt('it holds no value')
      return decoder.value(found[0])
    },
  }
}
