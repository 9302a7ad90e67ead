import { CborWriter } from './cbor-writer.ts'
import type { StateIdentity } from './compatibility.ts'
import { copyContainers } from './copy-containers.ts'
import type { Definition } from './definition.ts'
import { encodeValue } from './encode-value.ts'
import { CollectedExternals } from './externals.ts'
import { maxPayloadBytes } from './frame.ts'
import { type Conversion, conversionFor } from './migrate.ts'
import { toWire } from './schema.ts'
import { type SchemaWay, schemaWay } from './schema-way.ts'

export type EncodeOptions<E> = {
  /**
   * The version of the definition that will read this. For an older version, the encoder applies the down migrations.
   *
   * @default the definition's own
   */
  readonly readerVersion?: number
  /**
   * Decides which objects are externals. These are not encoded, but collected in `externals`, with their index in their place. The
   * decoder must get them back in the same order.
   *
   * @default none
   */
  readonly isExternal?: (value: unknown) => value is E
}

/** Encoded state: chunks of at most 200 KiB, made on demand. */
export type EncodedState<E = never> = AsyncIterable<Buffer> & {
  /** The objects that `isExternal` found, each once, in the order of their indices. The list is complete when everything is encoded. */
  readonly externals: readonly E[]
}

/** Encodes values to bytes: schema, down migrations, CBOR. */
export class ItemEncoder<T, E> {
  /** The name and the version in the header. */
  readonly identity: StateIdentity
  readonly #definition: Definition<T>
  readonly #externals: CollectedExternals<E>
  readonly #convert: Conversion
  readonly #writer: CborWriter
  readonly #way: SchemaWay
  /** Whether the schema made the containers, and no migration changed them. */
  readonly #isPlain: boolean

  /** @throws {StateError} ERR_STATE_TOO_NEW */
  constructor(definition: Definition<T>, what: string, maxBytes: number, options: EncodeOptions<E>) {
    const { version, convert } = conversionFor(options.readerVersion ?? definition.version, definition)
    this.identity = { name: definition.name, version }
    this.#definition = definition
    this.#externals = new CollectedExternals(options.isExternal)
    this.#convert =
      version === definition.version ? convert : (value) => convert(copyContainers(value, options.isExternal))
    this.#way = schemaWay(definition.schema)
    this.#isPlain = this.#way.makesContainers && version === definition.version
    this.#writer = new CborWriter({ blockBytes: maxPayloadBytes, maxBytes, what })
  }

  get externals(): readonly E[] {
    return this.#externals.values
  }

  /**
   * Gives the item's bytes in blocks, which are valid until the next call.
   *
   * @param at where the item is in the state, for errors
   */
  encode(value: T, at: readonly PropertyKey[] = []): Buffer[] {
    this.#writer.clear()
    const wire = this.#convert(toWire(this.#definition.schema, value, at, this.#way))
    encodeValue(wire, {
      writer: this.#writer,
      numberExternal: this.#externals.numberOf,
      at,
      isPlain: this.#isPlain,
    })
    return this.#writer.finish()
  }
}
