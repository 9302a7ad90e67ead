import { CborWriter } from './cbor-writer.ts'
import type { ChunkSink } from './chunk-sink.ts'
import { copyContainers } from './copy-containers.ts'
import type { Definition } from './definition.ts'
import { encodeValue } from './encode-value.ts'
import { EnvelopeWriter } from './envelope-writer.ts'
import { CollectedExternals } from './externals.ts'
import { type Form, maxPayloadBytes } from './frame.ts'
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
  /**
   * Whether checksums cover the bytes of long Buffers and typed arrays. All else has checksums in any case. Nothing can damage bytes
   * between two live processes of one machine, and the checksums of large bytes take as long as a copy.
   *
   * @default true
   */
  readonly checksBytes?: boolean
}

/** Encoded state: chunks of at most 200 KiB. */
export type EncodedState<E = never> = AsyncIterable<Buffer> & {
  /** The objects that `isExternal` found, each once, in the order of their indices. The list is complete when everything is encoded. */
  readonly externals: readonly E[]
}

/** What the items are, and how large they may be. */
type Limits = {
  readonly form: Form
  /** What is limited, for the error if it has more than `maxBytes`. */
  readonly what: string
  readonly maxBytes: number
}

/** Encodes values to envelopes: schema, down migrations, CBOR, frames. */
export class ItemEncoder<T, E> {
  readonly #definition: Definition<T>
  readonly #limits: Limits
  readonly #version: number
  readonly #checksBytes: boolean
  readonly #externals: CollectedExternals<E>
  readonly #convert: Conversion
  readonly #way: SchemaWay
  /** Whether the schema made the containers, and no migration changed them. */
  readonly #isPlain: boolean

  /** @throws {StateError} ERR_STATE_TOO_NEW */
  constructor(definition: Definition<T>, limits: Limits, options: EncodeOptions<E>) {
    const { readerVersion = definition.version, isExternal, checksBytes = true } = options
    const { version, convert } = conversionFor(readerVersion, definition)
    this.#definition = definition
    this.#limits = limits
    this.#version = version
    this.#checksBytes = checksBytes
    this.#externals = new CollectedExternals(isExternal)
    this.#convert =
      version === definition.version ? convert : (value) => convert(copyContainers(value, isExternal))
    this.#way = schemaWay(definition.schema)
    this.#isPlain = this.#way.makesContainers && version === definition.version
  }

  get externals(): readonly E[] {
    return this.#externals.values
  }

  /** Begins an envelope. */
  into(sink: ChunkSink): ItemWriter<T> {
    const { form, what, maxBytes } = this.#limits
    const header = { form, name: this.#definition.name, version: this.#version }
    const envelope = new EnvelopeWriter(sink, header, this.#checksBytes)
    const { bytes: writeLong } = envelope
    const writer = new CborWriter({ blockBytes: maxPayloadBytes, maxBytes, what, writeLong })
    return {
      get length() {
        return envelope.length
      },
      write: (value, at = []) => {
        writer.clear()
        this.#encode(value, writer, at)
        envelope.item(writer.finish())
      },
      end: () => envelope.end(),
    }
  }

  #encode(value: T, writer: CborWriter, at: readonly PropertyKey[]): void {
    const wire = this.#convert(toWire(this.#definition.schema, value, at, this.#way))
    encodeValue(wire, { writer, numberExternal: this.#externals.numberOf, at, isPlain: this.#isPlain })
  }
}

/** Writes items to an envelope. */
type ItemWriter<T> = {
  /** The number of bytes written so far. */
  readonly length: number
  /** @param at where the item is in the state, for errors */
  write(value: T, at?: readonly PropertyKey[]): void
  end(): void
}
