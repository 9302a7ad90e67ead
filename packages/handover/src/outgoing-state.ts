import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import { kinds } from './frame.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { protocolError } from './handover-error.ts'
import { stateFailure } from './handover-failure.ts'
import { closedError } from './message-socket.ts'
import { OutgoingFile } from './outgoing-file.ts'

/** So much travels in messages. More travels in a memory file, where the system has one. */
const shortBytes = 1024 ** 2

/** How much of a stream waits in the file for the successor. Less would make each process wait for the other one more often. */
const ringBytes = 16 * 1024 ** 2

/** Nothing damages bytes between the two processes. */
const checksBytes = false

/** Sends the state to the successor. */
export class OutgoingState implements Disposable {
  readonly #channel: HandoverChannel
  readonly #begin: () => Promise<boolean>
  #file: OutgoingFile | undefined
  #disposed = false

  /** @param begin sends what comes before the state. It returns false if the successor no longer receives */
  constructor(channel: HandoverChannel, begin: () => Promise<boolean>) {
    this.#channel = channel
    this.#begin = begin
  }

  /**
   * Sends a value as it is now: when this has returned its promise, the value may change. A value that cannot be encoded fails before the
   * successor gets anything, or, if it is long, while it reads.
   *
   * @returns false if the successor no longer receives
   * @throws {HandoverFailed} if it cannot be encoded. Its failure has the type `state`
   */
  async sendValue<T>(
    definition: StateDefinition<T>,
    value: () => T,
    readerVersion: number,
  ): Promise<boolean> {
    const held = new HeldBytes()
    let begun: Promise<boolean> | undefined
    const write = (bytes: Uint8Array) => {
      held.add(bytes.subarray(this.#file?.write(bytes) ?? 0))
      if (begun !== undefined || held.length <= shortBytes) return
      begun = this.#begin()
      begun.catch(() => {})
      this.#file = OutgoingFile.open(this.#channel, 0)
      if (this.#file === undefined) return
      for (const chunk of held.take()) held.add(chunk.subarray(this.#file.write(chunk)))
    }
    encoding(() => definition.encodeTo(write, value(), { readerVersion, checksBytes }))
    if (!(await (begun ?? this.#begin()))) return false
    if (this.#file !== undefined && !(await this.#file.end())) return false
    for (const chunk of held.take()) if (!(await this.#sendBytes(chunk))) return false
    return this.#end()
  }

  /**
   * Sends items as they come.
   *
   * @returns false if the successor no longer receives
   * @throws {HandoverFailed} as {@link OutgoingState.sendValue}
   */
  async sendItems<T>(
    definition: StateStreamDefinition<T>,
    items: () => Iterable<T> | AsyncIterable<T>,
    readerVersion: number,
  ): Promise<boolean> {
    const options = { readerVersion, checksBytes, reusesChunks: true }
    const chunks = encoding(() => definition.encode(items(), options))
    if (!(await this.#begin())) return false
    let sentBytes = 0
    let isShort = true
    for await (const chunk of failing(chunks)) {
      // The items may come when the handover has ended. Nobody would close the file then.
      if (this.#disposed) throw closedError()
      if (isShort && sentBytes + chunk.length > shortBytes) {
        isShort = false
        this.#file = OutgoingFile.open(this.#channel, ringBytes)
      }
      const inFile = this.#file === undefined ? 0 : await this.#file.append(chunk)
      if (inFile === undefined || !(await this.#sendBytes(chunk.subarray(inFile)))) return false
      sentBytes += chunk.length
    }
    if (this.#file !== undefined && !(await this.#file.end())) return false
    return this.#end()
  }

  /** Takes what the successor reports: how much it has read. @throws {HandoverError} ERR_PROTOCOL */
  acknowledge(payload: Buffer): void {
    if (this.#file === undefined) throw protocolError('"stateRead" comes without a memory file')
    this.#file.acknowledge(payload)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#file?.[Symbol.dispose]()
  }

  /** Without a signal, so that a slow successor finds a whole message, and then the reason for the end. */
  async #sendBytes(bytes: Buffer): Promise<boolean> {
    for (let at = 0; at < bytes.length; at += kinds.state.maxBytes) {
      if (!(await this.#channel.send('state', bytes.subarray(at, at + kinds.state.maxBytes)))) return false
    }
    return true
  }

  #end(): Promise<boolean> {
    return this.#channel.send('stateEnd')
  }
}

function encoding<Result>(encode: () => Result): Result {
  try {
    return encode()
  } catch (error) {
    throw stateFailure(error)
  }
}

/** Items are encoded while they are sent, so that a failure can come then. */
async function* failing(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await iterator.next().catch((error: unknown) => {
        throw stateFailure(error)
      })
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

/** Copies of bytes that may travel in messages. */
class HeldBytes {
  #chunks: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(Buffer.from(bytes))
    this.#length += bytes.length
  }

  take(): Buffer[] {
    return this.#chunks.splice(0)
  }
}
