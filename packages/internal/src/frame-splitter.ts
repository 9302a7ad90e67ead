/** The content of a frame's head. */
export type FrameHead = {
  /** The length of the body, in bytes. */
  readonly length: number
}

export type FrameLayout<Head extends FrameHead> = {
  readonly headBytes: number
  /** Reads a whole head. If it throws, the stream cannot be followed any more. */
  readonly readHead: (bytes: Buffer) => Head
  /** How much of a body to allocate before its bytes arrive. A peer that is not trusted must earn its memory. @default 0 */
  readonly reserveBytes?: number
}

/**
 * Finds frames in a stream of bytes, however the stream is cut. A frame is a head of fixed size and a body. The buffer grows with the bytes
 * that arrived, not with the announced length. Each byte is copied a bounded number of times.
 */
export class FrameSplitter<Head extends FrameHead> {
  readonly #readHead: (bytes: Buffer) => Head
  readonly #reserveBytes: number
  readonly #headBytes: Buffer
  #headFilled = 0
  #head: Head | undefined
  #body = Buffer.alloc(0)
  #bodyFilled = 0

  constructor({ headBytes, readHead, reserveBytes = 0 }: FrameLayout<Head>) {
    this.#headBytes = Buffer.alloc(headBytes)
    this.#readHead = readHead
    this.#reserveBytes = reserveBytes
  }

  /** Whether the stream is inside a frame. Ending here would be too early. */
  get unfinished(): boolean {
    return this.#headFilled > 0
  }

  /** Takes the next bytes and yields the frames that they complete. @throws {unknown} if `readHead` throws it */
  *push(bytes: Uint8Array): Generator<{ head: Head; body: Buffer }, void> {
    for (let rest = bytes; rest.length > 0; ) {
      rest = this.#head === undefined ? this.#fillHead(rest) : this.#fillBody(this.#head, rest)
      if (this.#head?.length === this.#bodyFilled) yield this.#take(this.#head)
    }
  }

  #fillHead(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#headBytes.length - this.#headFilled)
    this.#headBytes.set(part, this.#headFilled)
    this.#headFilled += part.length
    if (this.#headFilled === this.#headBytes.length) {
      this.#headFilled = 0
      this.#head = this.#readHead(this.#headBytes)
      this.#headFilled = this.#headBytes.length
    }
    return bytes.subarray(part.length)
  }

  #fillBody({ length }: Head, bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, length - this.#bodyFilled)
    this.#reserve(this.#bodyFilled + part.length, length)
    this.#body.set(part, this.#bodyFilled)
    this.#bodyFilled += part.length
    return bytes.subarray(part.length)
  }

  /** Doubles, so that a frame that comes byte by byte costs linear time. */
  #reserve(needed: number, length: number): void {
    if (needed <= this.#body.length) return
    const wanted = Math.max(needed, 2 * this.#body.length, this.#reserveBytes)
    // Not from Node's pool: the receiver may keep a body for long.
    const grown = Buffer.allocUnsafeSlow(Math.min(length, wanted))
    grown.set(this.#body.subarray(0, this.#bodyFilled))
    this.#body = grown
  }

  #take(head: Head): { head: Head; body: Buffer } {
    const body = this.#body
    this.#headFilled = 0
    this.#head = undefined
    this.#body = Buffer.alloc(0)
    this.#bodyFilled = 0
    return { head, body }
  }
}
