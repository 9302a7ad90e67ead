import { constants } from 'node:os'
import { type Credentials, ownCredentials } from './credentials.ts'
import { invalidArgument, systemError } from './error.ts'
import { native } from './native.ts'
import type { OwnedFd } from './owned-fd.ts'
import { checkUnixAddress } from './unix-address.ts'
import type { UnixSocketType } from './unix-endpoint.ts'

export type SendOptions = {
  /** Copies of these go along; the sender's own stay its own, and must stay open until the promise settles. */
  fds?: readonly OwnedFd[]
  /** The receiver of a datagram from a socket that is not connected: `/path` or `@abstract`. */
  to?: string
  /**
   * Attaches SCM_CREDENTIALS, which a receiver that passes credentials gets anyway: `true` for those of this
   * process; others only with CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID. Linux only. @default false
   */
  credentials?: boolean | Credentials
}

const { EAGAIN, ENOBUFS } = constants.errno
const firstDelayMs = 1
const longestDelayMs = 50

type Piece = {
  data: Uint8Array
  fds: readonly OwnedFd[]
  to: string | undefined
  credentials: Uint32Array | undefined
}
type Shipment = { pieces: Piece[]; started: boolean; resolve: () => void; reject: (error: unknown) => void }
type Progress = 'sent' | 'wait for room' | 'try later'

/** Sends in the order asked for; what the kernel has no room for waits here. */
export class Outgoing {
  readonly #socket: OwnedFd
  readonly #type: UnixSocketType
  readonly #onChange: () => void
  readonly #queue: Shipment[] = []
  #blocked = false
  #retry: NodeJS.Timeout | undefined
  #delayMs = firstDelayMs
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

  /** Whether anything waits at all. */
  get pending(): boolean {
    return this.#queue.length > 0
  }

  send(data: Uint8Array, options: SendOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const pieces = split(data, options, this.#type)
      this.#queue.push({ pieces, started: false, resolve, reject })
      if (this.#queue.length === 1) this.flush()
    })
  }

  /** Goes on sending, as far as the kernel has room. */
  flush(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    let progress: Progress = 'sent'
    while (progress === 'sent' && this.#queue.length > 0) progress = this.#ship(this.#queue[0] as Shipment)
    if (progress === 'try later') this.#tryLater()
    const blocked = progress === 'wait for room'
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
        if (typeof sent === 'string') return sent
        shipment.started = true
        this.#delayMs = firstDelayMs
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

  #tryLater(): void {
    this.#retry = setTimeout(() => this.flush(), this.#delayMs)
    if (!this.#referenced) this.#retry.unref()
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs)
  }
}

function sendPiece(
  socket: number,
  { data, fds, to, credentials }: Piece,
): number | Exclude<Progress, 'sent'> {
  const numbers = fds.length === 0 ? undefined : Int32Array.from(fds, (owned) => owned.fd)
  const sent = native.send(socket, data, numbers, to, credentials)
  if (sent >= 0) return sent
  // No poll tells of room in the queue of a receiver that this socket is not connected to.
  if (sent === -EAGAIN) return to === undefined ? 'wait for room' : 'try later'
  // Too many fds of this user are in flight (unix(7)), or, on macOS, a datagram queue is full: no event for these.
  if (sent === -native.ETOOMANYREFS || sent === -ENOBUFS) return 'try later'
  throw systemError('sendmsg', sent, to)
}

function split(data: Uint8Array, { fds = [], to, credentials }: SendOptions, type: UnixSocketType): Piece[] {
  if (to !== undefined && type !== 'datagram') throw invalidArgument('`to` is for datagram sockets only')
  if (data.length === 0 && type !== 'datagram') {
    throw invalidArgument(
      `an empty message on a ${type} socket reads as its end, and loses its fds: send a byte`,
    )
  }
  const common = {
    to: to === undefined ? undefined : checkUnixAddress(to),
    credentials: credentials
      ? credentialNumbers(credentials === true ? ownCredentials() : credentials)
      : undefined,
  }
  const limit = native.MAX_FDS_PER_MESSAGE
  if (fds.length <= limit) return [{ data, fds, ...common }]

  const count = Math.ceil(fds.length / limit)
  if (type === 'datagram') throw invalidArgument(`a datagram carries at most ${limit} fds, not ${fds.length}`)
  if (data.length < count)
    throw invalidArgument(`${fds.length} fds go as ${count} messages: send ${count} bytes or more`)
  return Array.from({ length: count }, (_, index) => ({
    data: data.subarray(index, index === count - 1 ? undefined : index + 1),
    fds: fds.slice(index * limit, (index + 1) * limit),
    ...common,
  }))
}

function credentialNumbers({ pid, uid, gid }: Credentials): Uint32Array {
  return Uint32Array.of(pid, uid, gid)
}
