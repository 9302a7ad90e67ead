import type { OwnedFd } from '@shellflip/fd-passing'
import type { ConnectionAnswers } from './connection-answers.ts'
import { HandoverError } from './handover-error.ts'

/** An open connection that the predecessor gives. It must be accepted or refused. */
export class TakenConnection implements Disposable {
  /** The name that the predecessor uses for it, usually that of its listener. */
  readonly name: string
  /** The data that the predecessor's program keeps for it. */
  readonly data: Buffer
  readonly #id: number
  readonly #fd: OwnedFd
  readonly #answers: ConnectionAnswers
  readonly #onAnswer: () => void
  #state: 'open' | 'answered' | 'revoked' = 'open'

  /** Called by `Takeover.connections()`. @internal */
  constructor(
    { id, name, data }: { id: number; name: string; data: Buffer },
    fd: OwnedFd,
    answers: ConnectionAnswers,
    onAnswer: () => void,
  ) {
    this.name = name
    this.data = data
    this.#id = id
    this.#fd = fd
    this.#answers = answers
    this.#onAnswer = onAnswer
  }

  /**
   * Takes the connection. The predecessor closes its copy, and the caller owns the descriptor that this resolves to. Do not read from it
   * before. Until then the predecessor would keep serving it if this process exited. Connections that are accepted in one turn of the event
   * loop are answered together, so do not wait for one before you accept the next.
   *
   * @throws {HandoverError} ERR_CHANNEL_CLOSED if the predecessor keeps serving it, because the channel was closed or broke the protocol
   * @throws {HandoverError} ERR_OUT_OF_TURN if it was accepted or refused before
   */
  async accept(): Promise<OwnedFd> {
    if (this.#state === 'revoked') {
      throw new HandoverError(
        'ERR_CHANNEL_CLOSED',
        'the handover channel is closed, so the predecessor keeps serving this connection',
      )
    }
    if (this.#state === 'answered') {
      throw new HandoverError('ERR_OUT_OF_TURN', 'this connection was accepted or refused before')
    }
    this.#answer('answered')
    try {
      // A missing predecessor has died: while it lives it keeps the channel for this answer.
      await this.#answers.taken(this.#id)
      return this.#fd
    } catch (error) {
      this.#fd.close()
      throw error
    }
  }

  /** Leaves it to the predecessor, which keeps serving it. After an answer it does nothing. */
  refuse(): void {
    if (this.#state !== 'open') return
    this.#answer('answered')
    this.#fd.close()
    this.#answers.declined(this.#id)
  }

  /** Takes it back from a taker that has not answered. The predecessor already has the answer. @internal */
  revoke(): void {
    if (this.#state !== 'open') return
    this.#answer('revoked')
    this.#fd.close()
  }

  /** As {@link refuse}. */
  [Symbol.dispose](): void {
    this.refuse()
  }

  #answer(state: 'answered' | 'revoked'): void {
    this.#state = state
    this.#onAnswer()
  }
}
