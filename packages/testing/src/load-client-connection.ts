import net from 'node:net'
import { type Answer, AnswerReader } from './load-client-answer.ts'
import { LoadFailure } from './load-client-failure.ts'

/** Where the load goes: a TCP port, or the path of a UNIX socket. */
export type LoadTarget = { port: number; host?: string } | { path: string }

type InFlight = { resolve: (answer: Answer) => void; reject: (failure: LoadFailure) => void }

export function connectTo(target: LoadTarget): net.Socket {
  const socket = net.connect('path' in target ? target : { host: '127.0.0.1', ...target })
  return socket.setNoDelay(true)
}

export function requestHead(path: string, persistence: 'keep-alive' | 'close'): string {
  return `GET ${path} HTTP/1.1\r\nHost: load\r\nConnection: ${persistence}\r\n\r\n`
}

/** One raw HTTP/1.1 connection: one request at a time, never repeated, and exact about what became of it. */
export class LoadConnection {
  readonly #socket: net.Socket
  readonly #reader = new AnswerReader()
  #inFlight: InFlight | undefined
  #isOpen = true

  constructor(target: LoadTarget) {
    this.#socket = connectTo(target)
    this.#socket.on('data', (chunk) => this.#received(chunk))
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('error', (error) => this.#fail(LoadFailure.of(error)))
    this.#socket.on('close', () => this.#fail(new LoadFailure('closed')))
  }

  /** Whether another request may be sent: nobody has closed it, or said that it will be closed. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends a request at once; rejects with a `LoadFailure`. */
  request(path: string, persistence: 'keep-alive' | 'close'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#inFlight = { resolve, reject }
      this.#socket.write(requestHead(path, persistence), 'latin1')
    })
  }

  /** Closes the connection; a request in flight fails with `failure`. */
  close(failure = new LoadFailure('closed')): void {
    this.#fail(failure)
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    let answer: Answer | undefined
    try {
      answer = this.#reader.push(chunk)
    } catch (error) {
      this.close(new LoadFailure('malformed', (error as Error).message, { cause: error }))
    }
    if (answer) this.#answered(answer)
    // Bytes that belong to no request: the next answer read here would be the answer to another.
    if (!this.#inFlight && this.#reader.begun) this.close()
  }

  #ended(): void {
    const answer = this.#reader.end()
    if (answer) this.#answered(answer)
    this.#fail(new LoadFailure('closed'))
  }

  #answered(answer: Answer): void {
    const inFlight = this.#inFlight
    this.#inFlight = undefined
    const { connection } = answer.headers
    if (connection?.toLowerCase() === 'close') {
      this.#isOpen = false
      this.#socket.end()
    }
    inFlight?.resolve(answer)
  }

  #fail(failure: LoadFailure): void {
    this.#isOpen = false
    const inFlight = this.#inFlight
    this.#inFlight = undefined
    inFlight?.reject(failure)
  }
}
