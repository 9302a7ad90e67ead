import { constants } from 'node:os'
import { isUint8Array } from 'node:util/types'
import { show } from '@shellflip/internal'
import { checkArray, checkId, checkOptions, checkPid } from './check-argument.ts'
import { type Credentials, ownCredentials } from './credentials.ts'
import { FdPassingError, invalidArgument, systemError } from './error.ts'
import { native } from './native.ts'
import { checkOwnedFd, OwnedFd } from './owned-fd.ts'
import { checkUnixAddress } from './unix-address.ts'
import type { UnixSocketType } from './unix-endpoint.ts'

export type SendOptions = {
  /** Sends copies of these along. The sender keeps its own fds, which must stay open until the promise settles. */
  fds?: readonly OwnedFd[]
  /** The receiver of a datagram from a socket that is not connected: `/path` or `@abstract`. */
  to?: string
  /**
   * Attaches SCM_CREDENTIALS, which a receiver that passes credentials gets anyway. `true` attaches those of this process. Another pid
   * requires CAP_SYS_ADMIN, another uid CAP_SETUID, another gid CAP_SETGID (unix(7)). Linux only. @default false
   */
  credentials?: boolean | Credentials
  /** Ends the wait with its reason. If a stream has taken only a part of this message, every later send fails. Close the socket then. */
  signal?: AbortSignal
  /**
   * How long the send is retried while the kernel refuses it for lack of a resource, in milliseconds. It refuses fds while too many fds
   * of this user are in flight (`ETOOMANYREFS`). Only `signal` limits the wait for room.
   * @default 2000
   */
  retryTimeoutMs?: number
}

const optionTypes = {
  fds: 'any',
  to: 'any',
  credentials: 'any',
  signal: 'AbortSignal',
  retryTimeoutMs: 'milliseconds',
} as const

const { EAGAIN, ENOBUFS } = constants.errno
const firstDelayMs = 1
const longestDelayMs = 50
const defaultRetryTimeoutMs = 2000

type Piece = {
  data: Uint8Array
  fds: readonly OwnedFd[]
  to: string | undefined
  credentials: Uint32Array | undefined
}
type Shipment = {
  pieces: Piece[]
  started: boolean
  /** The time of the call, by `performance.now()`. */
  readonly askedAt: number
  readonly retryTimeoutMs: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}
/** The reason why a send waits. The kernel reports only that a socket is writable. For the other reasons the send is retried. */
type Obstacle = 'not writable' | 'receiver full' | 'refused'
type Progress = 'sent' | 'wait until writable' | 'try later'

/** Sends in the order of the calls, and queues what the kernel does not take yet. */
export class Outgoing {
  readonly #socket: OwnedFd
  readonly #type: UnixSocketType
  readonly #onChange: () => void
  readonly #queue: Shipment[] = []
  #blocked = false
  #retry: NodeJS.Timeout | undefined
  #delayMs = firstDelayMs
  /** When the kernel began to refuse, if it has taken nothing since. */
  #refusedSince: number | undefined
  #referenced = true
  #broken: unknown

  constructor(socket: OwnedFd, type: UnixSocketType, onChange: () => void) {
    this.#socket = socket
    this.#type = type
    this.#onChange = onChange
  }

  /** Whether it waits for the socket to become writable. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Whether any send is pending. */
  get pending(): boolean {
    return this.#queue.length > 0
  }

  send(given: Uint8Array | string, options: SendOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkOptions('send()', options, optionTypes)
      const { signal, retryTimeoutMs = defaultRetryTimeoutMs } = options
      const data = bytesOf(given)
      signal?.throwIfAborted()
      const abort = () => this.#abandon(shipment, signal?.reason)
      const settled = () => signal?.removeEventListener('abort', abort)
      const shipment: Shipment = {
        pieces: split(data, options, this.#type),
        started: false,
        askedAt: performance.now(),
        retryTimeoutMs,
        resolve: () => {
          settled()
          resolve()
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#queue.push(shipment)
      if (this.#queue.length === 1) this.flush()
    })
  }

  /** Sends as much as the kernel takes now. */
  flush(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    let progress: Progress = 'sent'
    while (progress === 'sent' && this.#queue.length > 0) progress = this.#ship(this.#queue[0] as Shipment)
    if (progress === 'sent') this.#refusedSince = undefined
    if (progress === 'try later') this.#tryLater()
    const blocked = progress === 'wait until writable'
    if (blocked === this.#blocked) return
    this.#blocked = blocked
    this.#onChange()
  }

  keepAlive(on: boolean): void {
    this.#referenced = on
    if (on) this.#retry?.ref()
    else this.#retry?.unref()
  }

  close(error: unknown): void {
    clearTimeout(this.#retry)
    this.#blocked = false
    for (const shipment of this.#queue.splice(0)) shipment.reject(error)
  }

  #ship(shipment: Shipment): Progress {
    try {
      if (this.#broken !== undefined) throw this.#broken
      for (let piece = shipment.pieces[0]; piece !== undefined; piece = shipment.pieces[0]) {
        const sent = sendPiece(this.#socket.fd, piece)
        if (sent < 0) return this.#wait(shipment, piece, sent)
        shipment.started = true
        this.#delayMs = firstDelayMs
        this.#refusedSince = undefined
        if (sent < piece.data.length && this.#type === 'stream') {
          // The fds and credentials went with the first byte (unix(7)): the rest goes without.
          const data = piece.data.subarray(sent)
          shipment.pieces[0] = { data, fds: [], to: undefined, credentials: undefined }
        } else {
          shipment.pieces.shift()
        }
      }
      this.#queue.shift()
      shipment.resolve()
    } catch (error) {
      // The peer has half of it: whatever followed would be read as the other half.
      if (shipment.started) this.#broken = error
      this.#queue.shift()
      shipment.reject(error)
    }
    return 'sent'
  }

  /** @throws {FdPassingError} ERR_SYSTEM if waiting does not help, or has not helped for long enough */
  #wait(shipment: Shipment, { to }: Piece, result: number): Exclude<Progress, 'sent'> {
    const obstacle = obstacleOf(result, to)
    if (obstacle === 'not writable') return 'wait until writable'
    const isInTime = obstacle === 'receiver full' || (obstacle === 'refused' && this.#mayRetry(shipment))
    if (!isInTime) throw systemError('sendmsg', result, to)
    return 'try later'
  }

  #mayRetry({ askedAt, retryTimeoutMs }: Shipment): boolean {
    const now = performance.now()
    this.#refusedSince ??= now
    return now < Math.max(askedAt, this.#refusedSince) + retryTimeoutMs
  }

  #abandon(shipment: Shipment, reason: unknown): void {
    const index = this.#queue.indexOf(shipment)
    this.#queue.splice(index, 1)
    if (shipment.started) this.#broken = halfSent(reason)
    shipment.reject(reason)
    if (index === 0) this.flush()
  }

  #tryLater(): void {
    this.#retry = setTimeout(() => this.flush(), this.#delayMs)
    if (!this.#referenced) this.#retry.unref()
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs)
  }
}

/** @returns how many bytes the kernel took, or the negative errno */
function sendPiece(socket: number, { data, fds, to, credentials }: Piece): number {
  const numbers = fds.length === 0 ? undefined : Int32Array.from(fds, (owned) => owned.fd)
  return native.send(socket, data, numbers, to, credentials)
}

/** Undefined: an error that waiting does not mend. */
function obstacleOf(result: number, to: string | undefined): Obstacle | undefined {
  // No poll reports room in the queue of a receiver that this socket is not connected to.
  if (result === -EAGAIN) return to === undefined ? 'not writable' : 'receiver full'
  // Too many fds of this user are in flight (unix(7)), or, on macOS, a datagram queue is full. Neither has an event.
  return result === -native.ETOOMANYREFS || result === -ENOBUFS ? 'refused' : undefined
}

function halfSent(cause: unknown): FdPassingError {
  return new FdPassingError(
    'ERR_TRUNCATED',
    'an earlier send on this socket was aborted halfway through its message. Close the socket',
    { cause },
  )
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (isUint8Array(data)) return data
  throw invalidArgument(`data must be text or bytes (Uint8Array), not ${show(data)}`)
}

/** A number in place of an OwnedFd would send another descriptor, or none. */
function checkFds(fds: readonly OwnedFd[]): void {
  if (fds instanceof OwnedFd) throw invalidArgument('fds must be an array, not one OwnedFd. Write [fd]')
  checkArray('fds', fds)
  for (let index = 0; index < fds.length; index++) checkOwnedFd(fds[index], `fds[${index}]`)
}

function split(data: Uint8Array, { fds = [], to, credentials }: SendOptions, type: UnixSocketType): Piece[] {
  checkFds(fds)
  if (to !== undefined && type !== 'datagram') throw invalidArgument('`to` is for datagram sockets only')
  if (data.length === 0 && type !== 'datagram') {
    throw invalidArgument(
      type === 'stream'
        ? 'a stream cannot carry an empty message, and would lose its fds. Send a byte'
        : 'most programs take an empty seqpacket message for the end. Send a byte',
    )
  }
  const common = {
    to: to === undefined ? undefined : checkUnixAddress(to),
    credentials: credentialNumbers(credentials),
  }
  const limit = native.MAX_FDS_PER_MESSAGE
  // The caller may use its array again before the kernel has taken all.
  if (fds.length <= limit) return [{ data, fds: [...fds], ...common }]

  const count = Math.ceil(fds.length / limit)
  if (type === 'datagram') throw invalidArgument(`a datagram carries at most ${limit} fds, not ${fds.length}`)
  if (data.length < count)
    throw invalidArgument(`${fds.length} fds need ${count} messages. Send at least ${count} bytes`)
  return Array.from({ length: count }, (_, index) => ({
    data: data.subarray(index, index === count - 1 ? undefined : index + 1),
    fds: fds.slice(index * limit, (index + 1) * limit),
    ...common,
  }))
}

function credentialNumbers(credentials: SendOptions['credentials'] = false): Uint32Array | undefined {
  if (credentials === false) return undefined
  const { pid, uid, gid } = credentials === true ? ownCredentials() : checkCredentials(credentials)
  return Uint32Array.of(pid, uid, gid)
}

function checkCredentials(credentials: Credentials): Credentials {
  checkOptions('credentials', credentials, { pid: 'any', uid: 'any', gid: 'any' })
  checkPid(credentials.pid)
  checkId('uid', credentials.uid)
  checkId('gid', credentials.gid)
  return credentials
}
