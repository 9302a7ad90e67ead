import { setImmediate } from 'node:timers/promises'
import type { StateReader } from '@shellflip/state-serialization'
import type { HandoverChannel } from './handover-channel.ts'
import { protocolError } from './handover-error.ts'
import { hearPredecessor, unlessSilent } from './hear-predecessor.ts'
import { IncomingFile } from './incoming-file.ts'
import { encodeTotal } from './state-messages.ts'

/** So much is read before the event loop gets its turn. */
const bytesPerTurn = 64 * 1024 ** 2

/** The bytes of the state, as they come: in messages, or in a memory file. */
export class IncomingState implements StateReader {
  readonly #channel: HandoverChannel
  readonly #timeoutMs: number
  #message: Buffer = Buffer.alloc(0)
  #file: IncomingFile | undefined
  #ended = false
  #readThisTurn = 0

  constructor(channel: HandoverChannel, timeoutMs: number) {
    this.#channel = channel
    this.#timeoutMs = timeoutMs
  }

  /** Whether all of it was read. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Reads the next bytes: see {@link StateReader}.
   *
   * @throws {HandoverError} as {@link hearPredecessor}
   */
  readInto(into: Buffer): number | Promise<number> {
    const count = this.#readThisTurn < bytesPerTurn ? this.#read(into) : 0
    this.#readThisTurn += count
    return count > 0 ? count : this.#wait(into)
  }

  close(): void {
    this.#file?.[Symbol.dispose]()
    this.#file = undefined
  }

  async #wait(into: Buffer): Promise<number> {
    if (this.#readThisTurn >= bytesPerTurn) await setImmediate()
    this.#readThisTurn = 0
    let count = this.#read(into)
    while (count === 0 && !this.#ended) {
      await this.#hear()
      count = this.#read(into)
    }
    return count
  }

  #read(into: Buffer): number {
    if (this.#message.length === 0) return this.#file?.readInto(into) ?? 0
    const count = this.#message.copy(into)
    this.#message = this.#message.subarray(count)
    return count
  }

  async #hear(): Promise<void> {
    const read = this.#file?.report()
    if (read !== undefined) await this.#report(read)
    const expected = ['state', 'stateFile', 'stateWritten', 'stateEnd'] as const
    const { type, payload, fds } = await hearPredecessor(this.#channel, expected, this.#timeoutMs)
    switch (type) {
      case 'stateFile':
        return this.#open(new IncomingFile(fds, payload))
      case 'stateWritten':
        if (this.#file === undefined) throw protocolError('"stateWritten" comes without a memory file')
        return this.#file.announce(payload)
      case 'stateEnd':
        this.#ended = true
        return
      default:
        this.#message = payload
    }
  }

  async #report(read: number): Promise<void> {
    const payload = encodeTotal(read)
    await unlessSilent(this.#timeoutMs, (signal) => this.#channel.send('stateRead', payload, [], signal))
  }

  #open(file: IncomingFile): void {
    if (this.#file === undefined) {
      this.#file = file
      return
    }
    file[Symbol.dispose]()
    throw protocolError('a second memory file comes with one state')
  }
}
