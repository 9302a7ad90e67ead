import { constants } from 'node:os'
import { checkOptions } from './check-argument.ts'
import type { Credentials } from './credentials.ts'
import { FdPassingError, systemError } from './error.ts'
import { type Arrival, native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import type { UnixSocketType } from './unix-endpoint.ts'

/** The result of one receive. The receiver owns the fds, which are CLOEXEC. */
export type Message = {
  data: Buffer
  fds: OwnedFd[]
  /** The sender's credentials, attested by the kernel, if the socket passes credentials. */
  credentials?: Credentials
  /** The address of a datagram's sender, if it has one. */
  from?: string
}

export type ReceiveOptions = {
  /** Ends the wait with its reason. */
  signal?: AbortSignal
  /**
   * The number of fds that must arrive. Messages are joined until they have, because {@link UnixSocket.send} splits them. Any other count
   * is `ERR_FD_LOST`. @default the fds of one message
   */
  fdCount?: number
}

/** The limit of messages in one turn of the event loop. After it, timers and other sockets get their turn. */
const messagesPerTurn = 32

/** Distributes the arriving messages to the waiting receivers, in order. It reads only what a receiver waits for. */
export class Incoming {
  readonly #socket: OwnedFd
  readonly #type: UnixSocketType
  readonly #onChange: () => void
  readonly #waiting: Receipt[] = []
  #takenThisTurn = 0

  constructor(socket: OwnedFd, type: UnixSocketType, onChange: () => void) {
    this.#socket = socket
    this.#type = type
    this.#onChange = onChange
  }

  /** Whether it waits for the socket to become readable. */
  get blocked(): boolean {
    return this.#waiting.length > 0
  }

  receive(options: ReceiveOptions): Promise<Message | null> {
    return new Promise((resolve, reject) => {
      checkOptions('receive()', options, { signal: 'AbortSignal', fdCount: 'count' })
      const { signal, fdCount } = options
      signal?.throwIfAborted()
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(receipt), 1)
        receipt.fail(signal?.reason)
        this.#onChange()
      }
      const settled = () => signal?.removeEventListener('abort', abort)
      const receipt = new Receipt(this.#type, fdCount, resolve, reject, settled)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(receipt)
      try {
        if (this.#waiting.length === 1) this.#take()
        if (this.#waiting.length === 1) this.#onChange()
      } catch (error) {
        // The socket cannot be watched. The next receive has to try again.
        this.#waiting.splice(this.#waiting.indexOf(receipt), 1)
        receipt.fail(error)
      }
    })
  }

  /** Returns the next message that the kernel has queued, or undefined. It is taken before any waiting receiver. */
  receiveNow(): Message | null | undefined {
    const arrival = arrivalAt(this.#socket.fd, this.#type)
    if (arrival === 'nothing') return undefined
    return arrival === 'end' ? null : messageOf(arrival)
  }

  /** The socket is readable, in a new turn of the event loop. */
  drain(): void {
    this.#takenThisTurn = 0
    this.#take()
    if (this.#waiting.length === 0) this.#onChange()
  }

  close(error: unknown): void {
    for (const receipt of this.#waiting.splice(0)) receipt.fail(error)
  }

  #take(): void {
    for (; this.#takenThisTurn < messagesPerTurn; this.#takenThisTurn++) {
      const receipt = this.#waiting[0]
      if (receipt === undefined) return
      const isSettled = receipt.take(() => arrivalAt(this.#socket.fd, this.#type))
      if (isSettled === undefined) return
      if (isSettled) this.#waiting.shift()
    }
  }
}

/** One pending receive. */
class Receipt {
  readonly #type: UnixSocketType
  readonly #fdCount: number | undefined
  readonly #resolve: (message: Message | null) => void
  readonly #reject: (error: unknown) => void
  readonly #onSettled: () => void
  #parts: Message[] = []

  constructor(
    type: UnixSocketType,
    fdCount: number | undefined,
    resolve: (message: Message | null) => void,
    reject: (error: unknown) => void,
    onSettled: () => void,
  ) {
    this.#type = type
    this.#fdCount = fdCount
    this.#resolve = resolve
    this.#reject = reject
    this.#onSettled = onSettled
  }

  /** Takes what comes. @returns whether that settled it, undefined if nothing came */
  take(receive: () => Arrival | 'end' | 'nothing'): boolean | undefined {
    try {
      const arrival = receive()
      if (arrival === 'nothing') return undefined
      if (arrival === 'end') return this.#end()
      const message = messageOf(arrival)
      this.#parts.push(message)
      if (!this.#isComplete(message)) return false
      return this.#settle(join(this.#parts))
    } catch (error) {
      this.fail(error)
      return true
    }
  }

  fail(error: unknown): void {
    for (const { fds } of this.#parts.splice(0)) for (const fd of fds) fd.close()
    this.#onSettled()
    this.#reject(error)
  }

  #settle(message: Message | null): true {
    this.#onSettled()
    this.#resolve(message)
    return true
  }

  #end(): true {
    if (this.#parts.length === 0) return this.#settle(null)
    throw new FdPassingError(
      'ERR_TRUNCATED',
      `the peer closed after ${this.#fdsCame} of ${this.#fdCount} fds`,
    )
  }

  get #fdsCame(): number {
    return this.#parts.reduce((sum, { fds }) => sum + fds.length, 0)
  }

  #isComplete(last: Message): boolean {
    if (this.#fdCount === undefined) return true
    const came = this.#fdsCame
    if (came === this.#fdCount) return true
    const bytes = this.#parts.reduce((sum, { data }) => sum + data.length, 0)
    if (bytes > native.RECEIVE_BUFFER_SIZE) {
      throw new FdPassingError(
        'ERR_MESSAGE_TOO_LARGE',
        `${bytes} bytes arrived with ${came} of ${this.#fdCount} fds`,
      )
    }
    // On a stream, bytes without fds may arrive in between. On other sockets, a message without fds is not part of a split one.
    if (came > this.#fdCount || (last.fds.length === 0 && this.#type !== 'stream')) {
      throw new FdPassingError(
        'ERR_FD_LOST',
        `${came} fds arrived instead of ${this.#fdCount}, and were closed`,
      )
    }
    return false
  }
}

/** @throws {FdPassingError} ERR_SYSTEM */
function arrivalAt(socket: number, type: UnixSocketType): Arrival | 'end' | 'nothing' {
  const arrival = type === 'seqpacket' ? native.receivePacket(socket) : native.receive(socket)
  if (arrival === -constants.errno.EAGAIN) return 'nothing'
  if (arrival === 0 || (type === 'stream' && isEmpty(arrival))) return 'end'
  if (typeof arrival === 'number') throw systemError('recvmsg', arrival)
  return arrival
}

/** A stream carries no empty messages. A message whose fds were dropped is not empty. */
function isEmpty(arrival: Arrival | number): boolean {
  if (typeof arrival === 'number') return false
  return arrival.data.length === 0 && arrival.fds.length === 0 && !arrival.fdsTruncated
}

function messageOf({ data, fds, pid, uid, gid, from, dataTruncated, fdsTruncated }: Arrival): Message {
  const message: Message = { data, fds: fds.map((fd) => new OwnedFd(fd)) }
  if (!dataTruncated && !fdsTruncated) {
    if (pid !== undefined && uid !== undefined && gid !== undefined) message.credentials = { pid, uid, gid }
    if (from !== undefined) message.from = from
    return message
  }
  for (const fd of message.fds) fd.close()
  if (dataTruncated) {
    throw new FdPassingError(
      'ERR_MESSAGE_TOO_LARGE',
      `a message of more than ${native.RECEIVE_BUFFER_SIZE} bytes arrived and was dropped, with ${fds.length} fds`,
    )
  }
  throw new FdPassingError(
    'ERR_FD_LOST',
    `the kernel dropped fds of a message, and the ${fds.length} that arrived were closed, because this process has too few free ` +
      'descriptors. Raise its limit (ulimit -n, LimitNOFILE=)',
  )
}

function join(parts: Message[]): Message {
  const [first] = parts
  if (first === undefined || parts.length === 1) return first as Message
  return {
    ...first,
    data: Buffer.concat(parts.map(({ data }) => data)),
    fds: parts.flatMap(({ fds }) => fds),
  }
}
