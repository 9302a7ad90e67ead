import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'
import {
  localAddress,
  type OwnedFd,
  type SocketAddress,
  serverFrom,
  UnixPathClaim,
} from '@shellflip/fd-passing'
import type { OfferedSocket } from '@shellflip/handover'
import type { Predecessor } from '../predecessor/predecessor.ts'
import { invalidArgument, ShellflipError } from '../shellflip-error.ts'
import { boundKey, type ConfiguredAddress, kinds, type Transport } from '../socket-key.ts'
import { type BindAddress, type BoundSocket, bindAt, type ListenAddress, listenAt } from './bind-address.ts'
import { bindDatagram, checkFamily, familyOf } from './datagram-socket.ts'

type Held = {
  readonly key: string
  /** A copy that is ours, besides the one that Node's object has: this is what a successor gets. */
  readonly fd: OwnedFd
  /** To be unlinked when nobody serves after us. */
  readonly path: UnixPathClaim | undefined
  /** The predecessor's: its path is not ours before the commit. */
  readonly inherited: boolean
}

const unixPrefix = boundKey('unix', { path: '' })

/** The sockets of the service: taken over or bound, held for a successor, and accepted on from `accept()` on. */
export class HeldSockets {
  readonly #predecessor: Predecessor
  readonly #held = new Set<Held>()
  readonly #opening = new Set<Promise<unknown>>()
  readonly #waiting: { start: () => Promise<void>; copy: OwnedFd }[] = []
  readonly #unwanted: UnixPathClaim[] = []
  /** This process serves: all that it holds is its own. */
  #accepting = false
  /** All of them are closed, or a successor's: what is still being opened comes too late. */
  #over = false

  readonly #onChange: () => void

  /** @param onChange told when a socket comes or goes while this process serves */
  constructor(predecessor: Predecessor, onChange: () => void) {
    this.#predecessor = predecessor
    this.#onChange = onChange
  }

  /**
   * @param onKey told under which key the server listens, before it accepts
   * @throws {ShellflipError} ERR_CANNOT_LISTEN, ERR_NO_SUCH_SOCKET, ERR_INVALID_ARGUMENT, ERR_STOPPED
   */
  listen(server: Server, address: ListenAddress, onKey: (key: string) => void): Promise<SocketAddress> {
    return this.#serve('tcp', address, listenAt, onKey, async (fd) => {
      const backlog = address.backlog === undefined ? {} : { backlog: address.backlog }
      await serverFrom(fd, server, backlog)
      return (release) => server.once('close', release)
    })
  }

  /** @throws {ShellflipError} as {@link listen} */
  bind(socket: DatagramSocket, address: BindAddress): Promise<SocketAddress> {
    const family = familyOf(socket)
    return this.#serve(
      `udp${family}`,
      address,
      (one) => bindAt(one, family),
      (_, fd) => checkFamily(socket, fd),
      async (fd) => {
        await bindDatagram(socket, fd)
        return (release) => socket.once('close', release)
      },
    )
  }

  /** A descriptor of any kind, by name: the predecessor's, a service manager's, or a new one. The copy that is returned is the caller's. */
  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd> {
    return this.#open(async () => {
      const [activated, other] = [kinds.activated + name, kinds.other + name]
      const given = this.#given(activated) ?? this.#given(other)
      const { key, fd } = given ?? { key: other, fd: await make() }
      this.#hold({ key, fd, path: undefined, inherited: false })
      if (this.#accepting) this.#onChange()
      return fd.dup()
    })
  }

  /**
   * Resolves when every socket is there. What the predecessor has besides is not wanted any more: it is closed at the
   * commit, and its paths go.
   *
   * @throws what one of them could not be had for
   */
  async opened(): Promise<void> {
    await Promise.all(this.#opening)
    const paths = this.#predecessor.keys(unixPrefix).map((key) => key.slice(unixPrefix.length))
    this.#unwanted.push(...paths.map((path) => new UnixPathClaim(path)))
  }

  /** Begins to accept on all of them, and on those that still come. */
  async accept(): Promise<void> {
    this.#unlinkUnwanted()
    this.#accepting = true
    await Promise.all(this.#waiting.splice(0).map(({ start }) => start()))
  }

  /** For a successor: borrowed, since the program may close a server at any time. */
  offered(): OfferedSocket[] {
    return [...this.#held].map(({ key, fd }) => ({ name: key, fd }))
  }

  /** A successor has them: only our copies are closed. */
  leave(): void {
    this.#over = true
    for (const { copy } of this.#waiting.splice(0)) copy.close()
    for (const held of this.#held) held.fd.close()
    this.#held.clear()
  }

  /** Nobody has them after us: the paths go while the listeners are open, so that none is another's. */
  close(): void {
    if (this.#isOurs) this.#unlinkUnwanted()
    for (const held of this.#held) this.#unlink(held)
    this.leave()
  }

  #serve<Address extends ConfiguredAddress>(
    transport: Transport,
    address: Address,
    bind: (address: Address) => Promise<BoundSocket>,
    onHeld: (key: string, fd: OwnedFd) => void,
    start: (fd: OwnedFd) => Promise<(release: () => void) => unknown>,
  ): Promise<SocketAddress> {
    return this.#open(async () => {
      const held = this.#inherited(transport, address) ?? (await this.#bound(transport, address, bind))
      this.#hold(held)
      try {
        onHeld(held.key, held.fd)
      } catch (error) {
        this.#release(held)
        throw error
      }
      // Made before the commit: after it, no descriptor may be free.
      const copy = held.fd.dup()
      const startHeld = async () => {
        const onClose = await start(copy)
        onClose(() => this.#release(held))
      }
      if (this.#accepting) {
        this.#onChange()
        await startHeld()
      } else {
        this.#waiting.push({ start: startHeld, copy })
      }
      return localAddress(held.fd.fd)
    })
  }

  #hold(held: Held): void {
    if (!this.#over) {
      this.#held.add(held)
      return
    }
    this.#unlink(held)
    held.fd.close()
    throw new ShellflipError('ERR_STOPPED', 'this process serves no more, and opens no sockets')
  }

  #given(key: string): { key: string; fd: OwnedFd } | undefined {
    const fd = this.#predecessor.socket(key)?.fd
    return fd && { key, fd }
  }

  #inherited(transport: Transport, address: ConfiguredAddress): Held | undefined {
    const { name, port, path } = address
    const activated = name === undefined ? undefined : this.#predecessor.socket(kinds.activated + name)
    if (activated !== undefined) {
      return { key: kinds.activated + name, fd: activated.fd, path: undefined, inherited: true }
    }
    if (port === undefined && path === undefined) throw noSuchSocket(name)
    const key = boundKey(transport, address)
    const fd = this.#predecessor.socket(key)?.fd
    return fd && { key, fd, path: path === undefined ? undefined : new UnixPathClaim(path), inherited: true }
  }

  async #bound<Address extends ConfiguredAddress>(
    transport: Transport,
    address: Address,
    bind: (address: Address) => Promise<BoundSocket>,
  ): Promise<Held> {
    const { fd, path } = await bind(address)
    return { key: boundKey(transport, address), fd, path, inherited: false }
  }

  /** The program has closed its server: nobody would accept what queues on our copy. */
  #release(held: Held): void {
    if (!this.#held.delete(held)) return
    this.#unlink(held)
    held.fd.close()
    if (this.#accepting) this.#onChange()
  }

  #unlink({ path, inherited }: Held): void {
    if (this.#isOurs || !inherited) path?.unlink()
  }

  #unlinkUnwanted(): void {
    for (const path of this.#unwanted.splice(0)) path.unlink()
  }

  /** What was the predecessor's is ours. A stop can come before we accept on it. */
  get #isOurs(): boolean {
    return this.#accepting || this.#predecessor.committed
  }

  /**
   * A failure is the caller's to see, and `opened()`'s: nobody has to wait for both. The predecessor is told at once, for
   * the caller may end this process by it.
   */
  #open<T>(open: () => Promise<T>): Promise<T> {
    const opening = open()
    // `ready()` is over: only the caller can see it. That a socket comes too late harms nobody.
    if (this.#accepting && !this.#over) return opening
    opening.catch((error: Error) => {
      if (!this.#accepting) this.#predecessor.refuse(error.message)
    })
    this.#opening.add(opening)
    return opening
  }
}

function noSuchSocket(name: string | undefined): Error {
  if (name === undefined)
    return invalidArgument('listen() takes a port, a path, or the name of a passed socket')
  return new ShellflipError(
    'ERR_NO_SUCH_SOCKET',
    `no socket named ${name} was passed: name it by FileDescriptorName= in its unit, or give a port or a path too`,
  )
}
