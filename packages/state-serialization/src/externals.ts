import { StateError } from './state-error.ts'

/** Collects the externals of a state that is encoded, in the order in which they are found. */
export class CollectedExternals<E> {
  readonly values: E[] = []
  readonly #numbers = new Map<object, number>()
  readonly #isExternal: ((value: unknown) => value is E) | undefined

  constructor(isExternal: ((value: unknown) => value is E) | undefined) {
    this.#isExternal = isExternal
  }

  readonly numberOf = (value: object): number | undefined => {
    if (!this.#isExternal?.(value)) return undefined
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    this.#numbers.set(value, this.values.length)
    return this.values.push(value) - 1
  }
}

/** The externals that came with a state. The decoder must use each of them. */
export class GivenExternals {
  readonly #values: readonly unknown[]
  readonly #taken = new Set<number>()

  constructor(values: readonly unknown[]) {
    this.#values = values
  }

  readonly at = (index: number): unknown => {
    if (index >= this.#values.length) {
      throw new StateError(
        'ERR_STATE_EXTERNALS',
        `the state holds external ${index}, but only ${this.#values.length} came with it`,
      )
    }
    this.#taken.add(index)
    return this.#values[index]
  }

  /** Call this after decoding. @throws {StateError} ERR_STATE_EXTERNALS if one is left over */
  end(): void {
    const index = this.#values.findIndex((_, position) => !this.#taken.has(position))
    if (index === -1) return
    throw new StateError(
      'ERR_STATE_EXTERNALS',
      `external ${index} came with the state, but the state does not hold it`,
    )
  }
}
