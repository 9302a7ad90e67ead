import { maxChunkBytes } from './frame.ts'
import { describeCause, StateError } from './state-error.ts'

/** Takes the bytes of an envelope, in their order. */
export type ChunkSink = {
  /** Whether {@link write} is done with the bytes when it returns. Long bytes are then given as they are, without a copy. */
  readonly isImmediate: boolean
  /** Gives memory for the next chunk. */
  allocate(): Buffer
  write(bytes: Uint8Array): void
}

/** Gives the bytes to a function at once. All chunks use the same memory. */
export class ImmediateSink implements ChunkSink {
  readonly isImmediate = true
  readonly #memory = Buffer.allocUnsafeSlow(maxChunkBytes)
  readonly #write: (bytes: Uint8Array) => void

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write
  }

  allocate(): Buffer {
    return this.#memory
  }

  /** @throws {StateError} ERR_STATE_UNWRITABLE */
  write(bytes: Uint8Array): void {
    try {
      this.#write(bytes)
    } catch (cause) {
      if (cause instanceof StateError) throw cause
      throw new StateError('ERR_STATE_UNWRITABLE', `the state cannot be written: ${describeCause(cause)}`, {
        cause,
      })
    }
  }
}

/** Keeps the chunks until somebody takes them. */
export class CollectingSink implements ChunkSink {
  readonly isImmediate = false
  #chunks: Buffer[] = []
  readonly #free: Buffer[] = []

  allocate(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(maxChunkBytes)
  }

  write(bytes: Uint8Array): void {
    this.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  /** Returns the chunks that were written since the last call. */
  take(): Buffer[] {
    const taken = this.#chunks
    this.#chunks = []
    return taken
  }

  /** Uses the memory of a chunk again. */
  recycle(chunk: Buffer): void {
    this.#free.push(Buffer.from(chunk.buffer, 0, maxChunkBytes))
  }
}
