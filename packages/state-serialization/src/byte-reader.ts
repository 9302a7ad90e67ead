import { maxChunkBytes } from './frame.ts'
import { tooLarge } from './state-error.ts'
import { checkedCount, readerOf, type StateReader, type StateSource, unreadable } from './state-source.ts'

/** The least that is requested at once. More would be copied twice where long bytes follow, less would cost more calls. */
const leastBytes = 32 * 1024

/** Reads a source through a window, and long bytes straight to their place. */
export class ByteReader {
  readonly #source: StateReader
  readonly #maxBytes: number
  readonly #window = Buffer.allocUnsafeSlow(maxChunkBytes)
  #from = 0
  #to = 0
  #received = 0

  /**
   * @param maxBytes the limit for all bytes of the source
   * @throws {StateError} ERR_INVALID_ARGUMENT if it is not a source
   */
  constructor(source: StateSource, maxBytes: number) {
    this.#source = readerOf(source)
    this.#maxBytes = maxBytes
  }

  /** The bytes that are here and not taken yet. They are valid until the next call of {@link more}. */
  get here(): Buffer {
    return this.#window.subarray(this.#from, this.#to)
  }

  /** How many bytes are {@link here}. */
  get length(): number {
    return this.#to - this.#from
  }

  /** Returns the next bytes, if they are here, and does not take them. */
  peek(length: number): Buffer | undefined {
    return length <= this.length ? this.#window.subarray(this.#from, this.#from + length) : undefined
  }

  take(length: number): void {
    this.#from += length
  }

  /**
   * Waits for more bytes, when `needed` bytes, at most one frame, are not here yet.
   *
   * @returns false at the end of the source
   * @throws {StateError} ERR_STATE_TOO_LARGE
   * @throws {StateError} ERR_STATE_UNREADABLE
   */
  async more(needed: number): Promise<boolean> {
    if (this.#from + Math.max(needed, leastBytes) > this.#window.length) {
      this.#window.copyWithin(0, this.#from, this.#to)
      this.#to -= this.#from
      this.#from = 0
    }
    const end = Math.min(this.#window.length, Math.max(this.#from + needed, this.#to + leastBytes))
    const count = await this.#read(this.#window.subarray(this.#to, end))
    this.#to += count
    return count > 0
  }

  /** Puts the next bytes to the beginning of `into`. @returns how many, 0 at the end of the source */
  async readInto(into: Buffer): Promise<number> {
    if (this.length === 0) return await this.#read(into)
    const count = this.here.copy(into)
    this.take(count)
    return count
  }

  async close(): Promise<void> {
    await this.#source.close?.()
  }

  async #read(into: Buffer): Promise<number> {
    let count: number
    try {
      count = checkedCount(await this.#source.readInto(into), into.length)
    } catch (cause) {
      throw unreadable(cause)
    }
    this.#received += count
    if (this.#received > this.#maxBytes) throw tooLarge('the state', this.#maxBytes)
    return count
  }
}
