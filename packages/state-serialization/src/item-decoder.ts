import { decodeValue } from './decode-value.ts'
import type { Definition } from './definition.ts'
import { EnvelopeReader } from './envelope-reader.ts'
import { GivenExternals } from './externals.ts'
import { type Form, form, type Header } from './frame.ts'
import { KeyCache } from './key-cache.ts'
import { type Conversion, conversionFrom } from './migrate.ts'
import { fromWire } from './schema.ts'
import { StateError } from './state-error.ts'
import type { StateSource } from './state-source.ts'

export type DecodeOptions = {
  /** The objects in `externals` when the state was encoded, or their replacements. @default none */
  readonly externals?: readonly unknown[]
}

/** Decodes bytes to values: the envelope's checks, CBOR, migrations, schema. */
export class ItemDecoder<T> {
  readonly #definition: Definition<T>
  readonly #form: Form
  readonly #externals: GivenExternals
  readonly #keys = new KeyCache()
  #convert: Conversion = (wire) => wire

  constructor(definition: Definition<T>, form: Form, options: DecodeOptions) {
    this.#definition = definition
    this.#form = form
    this.#externals = new GivenExternals(options.externals ?? [])
  }

  /**
   * Yields the decoded items, before migrations and schema. The iteration ends without an error only if the state is whole.
   *
   * @throws {StateError} as {@link EnvelopeReader.items}
   * @throws {StateError} ERR_STATE_EXTERNALS
   */
  async *wires(
    source: StateSource,
    limits: { maxItemBytes: number; maxBytes: number },
  ): AsyncGenerator<unknown, void> {
    const onHeader = (header: Header) => this.#accept(header)
    for await (const item of new EnvelopeReader(source, { ...limits, onHeader }).items()) {
      yield decodeValue(item, this.#externals.at, this.#keys)
    }
    this.#externals.end()
  }

  /**
   * Migrates and checks an item.
   *
   * @param at where the item is in the state, for errors
   * @throws {StateError} ERR_STATE_MIGRATION_FAILED
   * @throws {StateError} ERR_STATE_INVALID
   */
  value(wire: unknown, at: readonly PropertyKey[] = []): T {
    return fromWire(this.#definition.schema, this.#convert(wire), at)
  }

  #accept(header: Header): void {
    this.#convert = conversionFrom(header, this.#definition)
    if (header.form === this.#form) return
    const [found, expected] =
      header.form === form.items ? ['a stream of items', 'one value'] : ['one value', 'a stream of items']
    throw new StateError(
      'ERR_STATE_FOREIGN',
      `the state ${header.name} is ${found}, and ${expected} is expected`,
    )
  }
}
