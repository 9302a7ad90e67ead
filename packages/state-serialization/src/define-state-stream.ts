import { checkDecodeOptions, checkEncodeOptions, checkIterable } from './check-call.ts'
import { CollectingSink } from './chunk-sink.ts'
import { type Compatibility, compatibility, type StateIdentity } from './compatibility.ts'
import { checkDefinition, checkLimit, checkOptionNames, type Definition } from './definition.ts'
import { form } from './frame.ts'
import { type DecodeOptions, ItemDecoder } from './item-decoder.ts'
import { type EncodedState, type EncodeOptions, ItemEncoder } from './item-encoder.ts'
import { tooLarge } from './state-error.ts'
import type { StateSource } from './state-source.ts'

export type StateStreamOptions<T> = Definition<T> & {
  /** The limit for one encoded item, in bytes. Both ends enforce it. @default 64 MiB */
  readonly maxItemBytes?: number
  /** The limit for the whole state, in bytes. Both ends enforce it. @default no limit */
  readonly maxBytes?: number
}

export type StreamEncodeOptions<E> = EncodeOptions<E> & {
  /**
   * Whether a chunk is valid only until the next one is requested. This takes less time and memory, for a consumer that is done with a
   * chunk by then.
   *
   * @default false
   */
  readonly reusesChunks?: boolean
}

/** A state that is any number of items, of which only a few are in memory at a time. */
export type StateStreamDefinition<T> = StateIdentity & {
  /** Tells it from one value. */
  readonly form: 'items'
  /**
   * Encodes the items. It takes each item when the reader has requested the chunks before it. It throws the errors of an item while
   * iterating. Every reader refuses the chunks that were given out until then.
   */
  encode<E = never>(items: Iterable<T> | AsyncIterable<T>, options?: StreamEncodeOptions<E>): EncodedState<E>
  /**
   * Decodes the items one by one. Each has arrived undamaged, is migrated and checked by the schema. Only an iteration that ends without
   * an error means that *all* items arrived. Leaving the iteration closes the source.
   */
  decode(source: StateSource, options?: DecodeOptions): AsyncIterable<T>
  /** Returns what this definition can do with state of this name and version. */
  compatibility(encoded: StateIdentity): Compatibility
}

const defaultMaxItemBytes = 64 * 1024 ** 2

/**
 * Defines a state that is a stream of items, for what is too large to be one value. The schema and the migrations are
 * those of an item.
 *
 * @throws {StateError} ERR_INVALID_ARGUMENT
 */
export function defineStateStream<T>(options: StateStreamOptions<T>): StateStreamDefinition<T> {
  checkOptionNames('defineStateStream()', options, ['maxItemBytes', 'maxBytes'])
  const { maxItemBytes = defaultMaxItemBytes, maxBytes = Infinity } = options
  const definition: Definition<T> = options
  checkDefinition(definition)
  checkLimit('maxItemBytes', maxItemBytes)
  if (maxBytes !== Infinity) checkLimit('maxBytes', maxBytes)
  return {
    form: 'items',
    name: definition.name,
    version: definition.version,
    compatibility: (encoded) => compatibility(encoded, definition),
    encode(items, encodeOptions = {}) {
      checkIterable('encode() takes the items as an iterable', items)
      checkEncodeOptions(encodeOptions, { reusesChunks: 'boolean' })
      const { reusesChunks = false } = encodeOptions
      const limits = { form: form.items, what: 'an item', maxBytes: maxItemBytes }
      const encoder = new ItemEncoder(definition, limits, encodeOptions)
      return {
        externals: encoder.externals,
        async *[Symbol.asyncIterator]() {
          const sink = new CollectingSink()
          const written = encoder.into(sink)
          let index = 0
          for await (const item of items) {
            written.write(item, [index++])
            yield* chunksOf(sink, reusesChunks)
            if (written.length > maxBytes) throw tooLarge('the state', maxBytes)
          }
          written.end()
          yield* chunksOf(sink, reusesChunks)
        },
      }
    },
    async *decode(source, decodeOptions = {}) {
      checkDecodeOptions(decodeOptions)
      const decoder = new ItemDecoder(definition, form.items, decodeOptions)
      let index = 0
      for await (const wire of decoder.wires(source, { maxItemBytes, maxBytes })) {
        yield decoder.value(wire, [index++])
      }
    },
  }
}

function* chunksOf(sink: CollectingSink, reuses: boolean): Generator<Buffer, void> {
  for (const chunk of sink.take()) {
    yield chunk
    if (reuses) sink.recycle(chunk)
  }
}
