import { waitFor } from '@shellflip/testing'
import type { Client } from './application-clients.ts'

/** Clients that make one call after the other, as fast as they are answered. */
export class ApplicationLoad implements AsyncDisposable {
  readonly answers: unknown[] = []
  readonly failures: unknown[] = []
  readonly #clients: readonly Client[]
  readonly #loops: Promise<void>[]
  #stopping = false

  constructor(clients: readonly Client[]) {
    this.#clients = clients
    this.#loops = clients.map((client) => this.#loop(client))
  }

  /** Waits for some more answers. */
  async answered(more: number): Promise<void> {
    const { length } = this.answers
    const failed = () => this.failures.length > 0
    await waitFor(() => this.answers.length >= length + more || failed(), { what: `${more} answers` })
  }

  /** Closes the clients when their last calls are answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
    for (const client of this.#clients) await client.close()
  }

  async #loop(client: Client): Promise<void> {
    while (!this.#stopping) {
      try {
        this.answers.push(await client.call())
      } catch (error) {
        this.failures.push(error)
        return
      }
    }
  }
}
