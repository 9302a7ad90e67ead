import { Server, type Socket } from 'node:net'
import {
  type ClaimedUnixPath,
  type Credentials,
  dupOf,
  localAddress,
  OwnedFd,
  serverFrom,
  UnixPathClaim,
} from '@shellflip/fd-passing'
import { callListener, longestTimerMs, type OptionTypes, optionFault } from '@shellflip/internal'
import { isTrusted, peerOf } from './admission.ts'
import { checkProtocol } from './check-protocol.ts'
import { claimPath } from './claim-path.ts'
import { type Answer, ClientConnection } from './client-connection.ts'
import { ControlSocketError, throwIfFaulty, throwIfMissing } from './control-socket-error.ts'
import type { ControlServerEvent } from './events.ts'
import { keepPath } from './keep-path.ts'
import { Occupancy } from './occupancy.ts'
import type { Protocol } from './protocol.ts'

export type ControlServerOptions<Request, Reply> = {
  protocol: Protocol<Request, Reply>
  /** Answers one request: with a promise, or with an iterable for several replies. */
  answer: Answer<NoInfer<Request>, NoInfer<Reply>>
  /** Receives the clients that got no answer. If it throws, the server continues and the process emits a warning. */
  onEvent?: (event: ControlServerEvent) => void
  /** The limit of connected clients that have not sent a request yet. Beyond it the server closes the oldest of them. @default 32 */
  maxSilentClients?: number
  /**
   * The limit of requests of one kind (`protocol.kindOf`) that are answered at once, at least 1. A further one is refused. @default 32
   */
  maxRequestsOfAKind?: number
  /** The largest request, in bytes of JSON, from 1 on. @default 65_536 */
  maxRequestBytes?: number
  /** How long a client may take to send its request, in milliseconds. Then the server closes it. @default 5_000 */
  requestTimeoutMs?: number
  /** How long a client may take to read one reply, in milliseconds. Then the server closes it. @default 5_000 */
  replyTimeoutMs?: number
}

export type ListenOptions<Request, Reply> = ControlServerOptions<Request, Reply> & {
  /** The path to listen at, in a folder that only we (or root) can write. A missing folder is created with mode 0700. */
  path: string
  /** Whether to listen at the path again after something, such as a sweeper of /tmp, removes it. @default false */
  restorePath?: boolean
}

export type AdoptOptions<Request, Reply> = ControlServerOptions<Request, Reply> & {
  /** A listening UNIX stream socket. The server owns it after the call. */
  fd: OwnedFd
  /** The path at which clients find it. @default the path that it is bound to */
  path?: string
  /** Whether `close()` unlinks the path. Leave it false for the socket of a service manager. @default false */
  unlinkOnClose?: boolean
}

export type CloseOptions = {
  /** Leave the path alone: a successor holds the same listener and keeps answering. @default false */
  keepPath?: boolean
  /** How long pending answers may take for their last reply, in milliseconds. @default 1_000 */
  lastWordsMs?: number
}

type Conversation = { serve(): Promise<void>; close(graceMs: number): void }

type Reception = {
  emit: (event: ControlServerEvent) => void
  conversationWith: (socket: Socket, peer: Credentials) => Conversation
}

/**
 * Answers requests at a path, one a connection, to clients of the same user and to root.
 *
 * Whatever a client does (says nothing, or garbage, does not read, leaves), the others are answered.
 */
export class ControlServer implements AsyncDisposable {
  readonly path: string
  readonly #reception: Reception
  #claimed: UnixPathClaim | undefined
  #server: Server
  #pathWatch: Disposable | undefined
  readonly #conversations = new Map<Conversation, Promise<void>>()
  #closed: Promise<void> | undefined

  /**
   * Listens at a path. The socket has mode 0600, in a folder that nobody else can write. The server takes over a path whose process is
   * dead. If several servers start at once, one wins.
   *
   * @throws {ControlSocketError} ERR_INVALID_ARGUMENT
   * @throws {ControlSocketError} ERR_CONTROL_PATH_IN_USE
   * @throws {ControlSocketError} ERR_CONTROL_PATH_TOO_LONG
   * @throws {ControlSocketError} ERR_CONTROL_FORBIDDEN
   * @throws {ControlSocketError} ERR_SYSTEM
   */
  static async listen<Request, Reply>(options: ListenOptions<Request, Reply>): Promise<ControlServer> {
    checkOptions('ControlServer.listen()', options, { path: 'string', restorePath: 'boolean' })
    const { listener, path } = await claimPath(options.path)
    const server = new ControlServer(path.path, path, receptionOf(options))
    await server.#accept(listener, server.#server)
    if (options.restorePath === true) server.#keepPath()
    return server
  }

  /**
   * Serves on a listener that is open already: a predecessor's, or one from a service manager.
   *
   * @throws {ControlSocketError} ERR_INVALID_ARGUMENT
   * @throws {ControlSocketError} ERR_SYSTEM if it is not a UNIX stream socket that listens
   */
  static async adopt<Request, Reply>(options: AdoptOptions<Request, Reply>): Promise<ControlServer> {
    checkOptions('ControlServer.adopt()', options, { fd: 'object', path: 'string', unlinkOnClose: 'boolean' })
    if (!(options.fd instanceof OwnedFd)) throwIfFaulty('ControlServer.adopt(): fd must be an OwnedFd.')
    const bound = boundPath(options.fd)
    const path = options.path ?? bound
    const claimed = options.unlinkOnClose === true ? new UnixPathClaim(path) : undefined
    const server = new ControlServer(path, claimed, receptionOf(options))
    await server.#accept(options.fd, server.#server)
    return server
  }

  private constructor(path: string, claimed: UnixPathClaim | undefined, reception: Reception) {
    this.path = path
    this.#claimed = claimed
    this.#reception = reception
    this.#server = this.#newServer()
  }

  /** A client may close its half after the request, and is answered all the same. */
  #newServer(): Server {
    return new Server({ allowHalfOpen: true }, (socket) => this.#receive(socket))
  }

  /** A duplicate of the listener, to hand to a successor. @throws {ControlSocketError} ERR_SERVER_CLOSED */
  listener(): OwnedFd {
    if (this.#closed === undefined) return dupOf(this.#server)
    throw new ControlSocketError('ERR_SERVER_CLOSED', 'the control server and its listener are closed')
  }

  /**
   * Unlinks the path if it is still ours, and stops accepting. The signal of each pending answer aborts. The answer has some time for a
   * last reply. Resolves when all connections are closed.
   */
  close(options: CloseOptions = {}): Promise<void> {
    throwIfFaulty(optionFault('close()', options, { keepPath: 'boolean', lastWordsMs: 'milliseconds' }))
    this.#closed ??= this.#close(options)
    return this.#closed
  }

  async #close({ keepPath = false, lastWordsMs = 1_000 }: CloseOptions): Promise<void> {
    this.#pathWatch?.[Symbol.dispose]()
    if (!keepPath) this.#claimed?.unlink()
    this.#server.close()
    for (const conversation of this.#conversations.keys()) conversation.close(timerMs(lastWordsMs))
    await Promise.all(this.#conversations.values())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Adopts by fd, not by path. Node unlinks a path that it listens on itself, even if another process has taken the path since. */
  async #accept(listener: OwnedFd, server: Server, claimed = this.#claimed): Promise<void> {
    try {
      await serverFrom(listener, server)
    } catch (cause) {
      claimed?.unlink()
      listener.close()
      throw new ControlSocketError(
        'ERR_SYSTEM',
        `cannot accept at ${this.path || 'a socket without an address'}: ${(cause as Error).message}`,
        { cause },
      )
    }
    server.on('error', (error) => this.#reception.emit({ type: 'accept-failed', error }))
  }

  #keepPath(): void {
    const emit = this.#reception.emit
    this.#pathWatch = keepPath(this.path, {
      file: () => this.#claimed?.file,
      move: (claimed) => this.#moveTo(claimed),
      emit,
    })
  }

  /** Accepts at a new listener, and stops accepting at the one that lost its path. Open conversations continue. */
  async #moveTo({ listener, path }: ClaimedUnixPath): Promise<void> {
    const server = this.#newServer()
    await this.#accept(listener, server, path)
    this.#server.close()
    this.#server = server
    this.#claimed = path
    if (this.#closed !== undefined) await this.#close({})
  }

  #receive(socket: Socket): void {
    // The 'close' event and the failing calls report why a connection ends.
    socket.on('error', () => {})
    const { emit, conversationWith } = this.#reception
    const peer = peerOf(socket)
    if (peer === undefined || !isTrusted(peer)) {
      socket.destroy()
      emit({ type: 'client-refused', reason: 'forbidden', peer })
    } else {
      const conversation = conversationWith(socket, peer)
      const over = conversation.serve().finally(() => this.#conversations.delete(conversation))
      this.#conversations.set(conversation, over)
    }
  }
}

const optionTypes = {
  protocol: 'object',
  answer: 'function',
  onEvent: 'function',
  maxSilentClients: 'count',
  maxRequestsOfAKind: 'count',
  maxRequestBytes: 'count',
  requestTimeoutMs: 'milliseconds',
  replyTimeoutMs: 'milliseconds',
} as const

function checkOptions(
  what: string,
  options: { protocol: object; answer: unknown; maxRequestsOfAKind?: number; maxRequestBytes?: number },
  more: OptionTypes,
): void {
  throwIfFaulty(optionFault(what, options, { ...optionTypes, ...more }))
  throwIfMissing(what, options, ['protocol', 'answer'])
  checkProtocol(what, options.protocol)
  for (const name of ['maxRequestsOfAKind', 'maxRequestBytes'] as const) {
    if (options[name] === 0) throwIfFaulty(`${what}: ${name} must be a whole number from 1 on, not 0.`)
  }
}

function receptionOf<Request, Reply>(options: ControlServerOptions<Request, Reply>): Reception {
  const rules = {
    protocol: options.protocol,
    answer: options.answer,
    maxRequestBytes: options.maxRequestBytes ?? 65_536,
    requestTimeoutMs: timerMs(options.requestTimeoutMs ?? 5_000),
    replyTimeoutMs: timerMs(options.replyTimeoutMs ?? 5_000),
    occupancy: new Occupancy({
      maxSilentClients: options.maxSilentClients ?? 32,
      maxRequestsOfAKind: options.maxRequestsOfAKind ?? 32,
    }),
    emit: (event: ControlServerEvent) => callListener(options.onEvent, event),
  }
  return {
    emit: rules.emit,
    conversationWith: (socket, peer) => new ClientConnection(socket, peer, rules),
  }
}

function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, longestTimerMs)
}

function boundPath(listener: OwnedFd): string {
  try {
    const address = localAddress(listener.fd)
    if (address.family === 'unix') return address.path
    throw new Error(`it is an ${address.family} socket`)
  } catch (cause) {
    listener.close()
    throw new ControlSocketError(
      'ERR_SYSTEM',
      `the descriptor is not a UNIX socket: ${(cause as Error).message}. Pass a UNIX stream socket that listens.`,
      { cause },
    )
  }
}
