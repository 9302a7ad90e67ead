import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Credentials } from '@shellflip/fd-passing'
import { ControlSocketError } from './control-socket-error.ts'
import type { ControlServerEvent } from './events.ts'
import { encodeFrame } from './frame.ts'
import type { Occupancy } from './occupancy.ts'
import { fromWire, type Protocol, toWire } from './protocol.ts'
import { readRequest, trailingBytes } from './read-request.ts'
import { refusalOf, refusalToWire } from './refusal.ts'

/** The requester, and a signal that says how long it waits for an answer. */
export type AnswerContext = {
  /** As the kernel attests it: the client's pid, uid and gid when it connected. */
  peer: Credentials
  /** Aborts when the client goes away, or the server closes. */
  signal: AbortSignal
}

/** Returns one reply, or several. The server sends each as it comes, and pulls the next one when the client has taken it. */
export type Answer<Request, Reply> = (
  request: Request,
  context: AnswerContext,
) => AsyncIterable<Reply> | Promise<Reply>

export type ConversationRules<Request, Reply> = {
  protocol: Protocol<Request, Reply>
  answer: Answer<Request, Reply>
  maxRequestBytes: number
  requestTimeoutMs: number
  replyTimeoutMs: number
  occupancy: Occupancy
  emit: (event: ControlServerEvent) => void
}

const goneProbeMs = 1_000

/** The server's end of one conversation: a request, its replies, the end. */
export class ClientConnection<Request, Reply> {
  readonly #socket: Socket
  readonly #peer: Credentials
  readonly #rules: ConversationRules<Request, Reply>
  readonly #unwanted = new AbortController()
  readonly #endSilence: () => void
  #asked = false
  #pushedOut = false

  constructor(socket: Socket, peer: Credentials, rules: ConversationRules<Request, Reply>) {
    this.#socket = socket
    this.#peer = peer
    this.#rules = rules
    this.#endSilence = rules.occupancy.arrive(() => this.#pushOut())
    socket.on('close', () => this.#unwanted.abort(gone()))
    socket.on('end', () => this.#probeUntilGone())
  }

  /** Holds the conversation to its end, and closes the socket. */
  async serve(): Promise<void> {
    try {
      const request = await this.#hear()
      if (request !== undefined) await this.#answer(request.value)
    } finally {
      this.#endSilence()
      this.#socket.destroy()
    }
  }

  /** Closes the connection. A client that has sent its request gets up to `graceMs` for the last reply. */
  close(graceMs: number): void {
    if (!this.#asked) {
      this.#socket.destroy()
      return
    }
    this.#unwanted.abort(new ControlSocketError('ERR_SERVER_CLOSED', 'the server closes'))
    const timer = setTimeout(() => this.#socket.destroy(), graceMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  async #hear(): Promise<{ value: Request } | undefined> {
    const { protocol, maxRequestBytes, requestTimeoutMs, emit } = this.#rules
    try {
      const json = await readRequest(this.#socket, { maxBytes: maxRequestBytes, timeoutMs: requestTimeoutMs })
      if (json === undefined) return undefined
      this.#asked = true
      this.#endSilence()
      this.#socket.on('data', () => this.#cut(trailingBytes()))
      return { value: fromWire(protocol.request, json) }
    } catch (error) {
      if (this.#pushedOut) return undefined
      emit({ type: 'request-refused', peer: this.#peer, error: error as ControlSocketError })
      // A client that sends something else may speak another protocol. So it gets no reply in this one.
      if (protocol.refuse !== undefined) await this.#refuse(error)
      return undefined
    }
  }

  async #answer(request: Request): Promise<void> {
    try {
      const kind = this.#rules.protocol.kindOf?.(request) ?? 'request'
      using place = this.#rules.occupancy.begin(kind)
      if (place === undefined) return await this.#refuseOneTooMany(kind)
      await this.#sayAll(this.#rules.answer(request, { peer: this.#peer, signal: this.#unwanted.signal }))
      await this.#written((done) => this.#socket.end(done))
    } catch (error) {
      if (this.#socket.destroyed) return
      if (!this.#unwanted.signal.aborted) this.#rules.emit({ type: 'answer-failed', peer: this.#peer, error })
      await this.#refuse(error)
    }
  }

  async #refuseOneTooMany(kind: string): Promise<void> {
    this.#rules.emit({ type: 'client-refused', reason: 'too-many-requests', kind, peer: this.#peer })
    const message = `too many requests of this kind (${kind}) are being answered. Try again later.`
    await this.#refuse(new ControlSocketError('ERR_BUSY', message))
  }

  async #sayAll(answer: AsyncIterable<Reply> | Promise<Reply>): Promise<void> {
    if (!isIterable(answer)) return this.#say(await this.#unlessGone(Promise.resolve(answer)))
    const replies = answer[Symbol.asyncIterator]()
    try {
      for (;;) {
        const step = await this.#unlessGone(replies.next())
        if (step.done === true) return
        await this.#say(step.value)
        // The kernel takes most replies at once: without this, replies that wait for nothing would starve all others.
        await nextTurn()
      }
    } finally {
      // Not awaited: a generator that waits for something itself returns only after that.
      Promise.resolve(replies.return?.()).catch(() => {})
    }
  }

  async #say(reply: Reply): Promise<void> {
    await this.#write(toWire(this.#rules.protocol.reply, reply))
  }

  async #write(json: unknown): Promise<void> {
    const frame = encodeFrame(json)
    await this.#written((done) => this.#socket.write(frame, done))
  }

  /** Closes a client that has not sent a request, to make room for another. */
  #pushOut(): void {
    this.#pushedOut = true
    this.#rules.emit({ type: 'client-refused', reason: 'too-many-silent-clients', peer: this.#peer })
    this.#socket.destroy()
  }

  /** Reports why the request fails: in the protocol's own words if it has them, or by a code. */
  async #refuse(error: unknown): Promise<void> {
    if (this.#socket.destroyed) return
    const { protocol } = this.#rules
    const refusal = refusalOf(error)
    try {
      if (protocol.refuse === undefined) await this.#write(refusalToWire(refusal))
      else await this.#say(protocol.refuse(refusal.message, refusal.code))
      await this.#written((done) => this.#socket.end(done))
    } catch {
      // An event already reports a failure that the client cannot receive.
    }
  }

  /**
   * Resolves when the kernel has taken everything, so that no more than one frame waits for a client that does not
   * read. A write that fails has closed the socket, and is over as well.
   */
  #written(write: (done: () => void) => void): Promise<void> {
    const { replyTimeoutMs } = this.#rules
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#cut(
          new ControlSocketError(
            'ERR_CLIENT_TIMED_OUT',
            `the client did not take a reply within ${replyTimeoutMs} ms`,
          ),
        )
      }, replyTimeoutMs)
      write(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #unlessGone<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(gone())
      if (this.#socket.destroyed) leave()
      this.#socket.once('close', leave)
      promise.then(resolve, reject).finally(() => this.#socket.off('close', leave))
    })
  }

  #cut(error: ControlSocketError): void {
    if (this.#socket.destroyed) return
    this.#rules.emit({ type: 'client-cut', peer: this.#peer, error })
    this.#socket.destroy()
  }

  /**
   * The end of the client's stream looks the same whether the client closed half of the connection or all of it. Writing nothing to a
   * UNIX stream socket shows the difference. If nobody is left to read, it fails with EPIPE (which ends the socket).
   */
  #probeUntilGone(): void {
    const probe = () => {
      if (this.#socket.writable && this.#socket.writableLength === 0) this.#socket.write(Buffer.alloc(0))
    }
    const timer = setInterval(probe, goneProbeMs)
    this.#socket.once('close', () => clearInterval(timer))
    probe()
  }
}

function isIterable<Reply>(answer: AsyncIterable<Reply> | Promise<Reply>): answer is AsyncIterable<Reply> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer
}

function gone(): ControlSocketError {
  return new ControlSocketError('ERR_CLOSED_EARLY', 'the client closed the connection')
}
