import { encodeAnswers, maxUnanswered } from './connection-message.ts'
import type { HandoverChannel } from './handover-channel.ts'

type Taken = { readonly id: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/** Answers the connections that a predecessor gives. The answers of one turn of the event loop travel together. */
export class ConnectionAnswers {
  readonly #channel: HandoverChannel
  #taken: Taken[] = []
  #declined: number[] = []
  #scheduled = false

  constructor(channel: HandoverChannel) {
    this.#channel = channel
  }

  /** Settles when the kernel has the answer. @throws {HandoverError} ERR_CHANNEL_CLOSED */
  taken(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#taken.push({ id, resolve, reject })
      this.#schedule()
    })
  }

  declined(id: number): void {
    this.#declined.push(id)
    this.#schedule()
  }

  /** Sends all answers now, before any other message. */
  flush(): void {
    this.#scheduled = false
    const [taken, declined] = [this.#taken, this.#declined]
    this.#taken = []
    this.#declined = []
    for (const some of slices(taken)) void this.#sendTaken(some)
    // If the channel is closed, that is the answer.
    for (const some of slices(declined)) this.#channel.send('declined', encodeAnswers(some)).catch(() => {})
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // It comes after the microtasks, in which a loop over connections accepts one after the other.
    process.nextTick(() => this.flush())
  }

  async #sendTaken(taken: readonly Taken[]): Promise<void> {
    try {
      await this.#channel.send('taken', encodeAnswers(taken.map(({ id }) => id)))
      for (const { resolve } of taken) resolve()
    } catch (error) {
      for (const { reject } of taken) reject(error)
    }
  }
}

/** Cuts a list into parts that fit into one message. */
function slices<T>(list: readonly T[]): T[][] {
  const count = Math.ceil(list.length / maxUnanswered)
  return Array.from({ length: count }, (_, n) => list.slice(n * maxUnanswered, (n + 1) * maxUnanswered))
}
