import type { Socket as DatagramSocket } from 'node:dgram'
import { Server } from 'node:net'
import { resolve } from 'node:path'
import {
  closeAll,
  localAddress,
  maxUnixAddressBytes,
  type OwnedFd,
  type SocketAddress,
  serverFrom,
  setSocketMode,
  UnixPathClaim,
} from '@shellflip/fd-passing'
import { type OfferedFd, socketKinds } from '@shellflip/handover'
import { messageOf } from '@shellflip/internal'
import { type BindAddress, type BoundSocket, bindAt, type ListenAddress, listenAt } from './bind-address.ts'
import { boundKey, type ConfiguredAddress, type Transport } from './bound-key.ts'
import { checkBindAddress, checkListenAddress } from './check-address.ts'
import { bindDatagram, checkFamily, closeDatagram, familyOf } from './datagram-socket.ts'
import { type FoundSocket, findSocket } from './find-socket.ts'
import { checkDatagramSocket, checkOpen, checkServer, ownedFd } from './given-objects.ts'
import { GivenOnce } from './given-once.ts'
import { isStillAt } from './is-still-at.ts'
import { ListenersError } from './listeners-error.ts'
import type { SocketSource } from './socket-source.ts'

/** A socket that this process keeps. Its descriptor is our own copy, besides the one of Node's object, and is for a successor. */
type Held = FoundSocket

/** A server or UDP socket that the program gives to the service, and how it begins. */
type Given = {
  readonly object: Server | DatagramSocket
  readonly transport: Transport
  /** @throws {ListenersError} ERR_INVALID_ARGUMENT if the object cannot begin */
  readonly check: () => void
  /** @throws {ListenersError} ERR_INVALID_ARGUMENT if the address has a mistake */
  readonly checkAddress: () => void
  /** Called before anything is opened. @throws {Error} if an option has a mistake */
  readonly admit: () => void
  /**
   * Called when the socket is held, before the object begins.
   *
   * @throws {ListenersError} ERR_INVALID_ARGUMENT if the two do not fit together
   */
  readonly onHeld: (key: string, fd: OwnedFd) => void
  /** Lets the object begin on the descriptor, which becomes its own. */
  readonly start: (fd: OwnedFd) => Promise<unknown>
  /** Stops the object from accepting more. */
  readonly stop: () => void
}

/** An object that begins when this process serves. */
type Waiting = {
  readonly copy: OwnedFd
  readonly check: () => void
  readonly start: () => Promise<void>
  readonly stop: () => void
}

/** How the caller takes part in `listen()` for one server. */
export type Listening = {
  /** Called before anything is opened. @throws {Error} if an option has a mistake */
  readonly admit?: () => void
  /** Called with the key under which the server listens, before it accepts. */
  readonly onKey?: (key: string) => void
  /**
   * Options that the caller takes in another argument. An address that has one is refused, and the error names the right argument.
   * @default none
   */
  readonly otherOptions?: readonly string[]
}

const nothing = () => {}

const unixPrefix = boundKey('unix', { path: '' })

/** The sockets of the service. They are taken over or bound, kept for a successor, and accepted on from `accept()` on. */
export class Listeners {
  readonly #predecessor: SocketSource
  readonly #held = new Set<Held>()
  readonly #opening = new Set<Promise<unknown>>()
  readonly #waiting: Waiting[] = []
  readonly #begun: Waiting[] = []
  readonly #unwanted: UnixPathClaim[] = []
  readonly #givenOnce = new GivenOnce()
  #accepting = false
  /** Whether the predecessor cannot continue any more. Everything that is held is then this process's own. */
  #isOwner = false
  /** Whether all of them are closed, or a successor's. A socket that is still being opened comes too late then. */
  #over = false

  readonly #onChange: () => void

  /** @param onChange called when a socket comes or goes while this process serves */
  constructor(predecessor: SocketSource, onChange: () => void) {
    this.#predecessor = predecessor
    this.#onChange = onChange
  }

  /**
   * Lets a server listen on the socket of an address. It accepts from {@link accept} on.
   *
   * @throws {ListenersError} ERR_CANNOT_LISTEN
   * @throws {ListenersError} ERR_NO_SUCH_SOCKET
   * @throws {ListenersError} ERR_INVALID_ARGUMENT
   * @throws {ListenersError} ERR_NO_LONGER_SERVING
   */
  listen(
    server: Server,
    address: ListenAddress,
    { admit = nothing, onKey = nothing, otherOptions = [] }: Listening = {},
  ): Promise<SocketAddress> {
    return this.#serve(address, listenAt, {
      object: server,
      transport: 'tcp',
      check: () => checkServer(server),
      checkAddress: () => checkListenAddress(address, otherOptions),
      admit,
      onHeld: onKey,
      start: (fd) => serverFrom(fd, server, backlogOf(address)),
      // Not the http `close()`, which would destroy idle connections.
      stop: () => void Server.prototype.close.call(server),
    })
  }

  /** Binds a UDP socket in the same way. @throws {ListenersError} as {@link listen} */
  bind(socket: DatagramSocket, address: BindAddress, admit: () => void = nothing): Promise<SocketAddress> {
    const family = familyOf(socket)
    return this.#serve(address, (one) => bindAt(one, family), {
      object: socket,
      transport: `udp${family}`,
      check: () => checkDatagramSocket(socket),
      checkAddress: () => checkBindAddress(address),
      admit,
      onHeld: (_, fd) => checkFamily(socket, fd),
      start: (fd) => bindDatagram(socket, fd),
      stop: () => closeDatagram(socket),
    })
  }

  /** Opens a descriptor of any kind, by name: the predecessor's, a service manager's, or a new one. The caller owns the returned copy. */
  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd> {
    return this.#open(async () => {
      checkOpen(name, make)
      const [activated, other] = [socketKinds.activated + name, socketKinds.other + name]
      const given = this.#predecessor.socket(activated) ?? this.#predecessor.socket(other)
      const held = given ?? { name: other, fd: ownedFd(name, await make()) }
      this.#hold({ ...held, inherited: false })
      if (this.#accepting) this.#onChange()
      return held.fd.dup()
    })
  }

  /**
   * Resolves when every socket is opened. The predecessor's other sockets are closed at the commit, and their
   * paths are removed.
   *
   * @throws {Error} if a socket could not be opened
   */
  async opened(): Promise<void> {
    await Promise.all(this.#opening)
    for (const key of this.#predecessor.keys(unixPrefix)) {
      const path = key.slice(unixPrefix.length)
      const hasFile = !path.startsWith('@')
      if (hasFile && isStillAt(path, this.#predecessor.file(key)))
        this.#unwanted.push(new UnixPathClaim(path))
    }
  }

  /** Checks that each can still begin. @throws {ListenersError} ERR_INVALID_ARGUMENT */
  check(): void {
    for (const { check } of this.#waiting) check()
  }

  /**
   * Begins to accept on all sockets, and on those that still come. A failure of one stops no other.
   *
   * @throws {Error} if one fails. It is the first failure
   */
  async accept(): Promise<void> {
    this.#accepting = true
    const beginning = this.#waiting.splice(0)
    this.#begun.push(...beginning)
    const outcomes = await Promise.allSettled(beginning.map(({ start }) => start()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Stops accepting, because the predecessor continues. */
  stopAccepting(): void {
    for (const { stop } of this.#begun.splice(0)) stop()
  }

  /**
   * Takes ownership of what the predecessor gave, because it cannot continue any more.
   *
   * @throws {Error} if one of its paths cannot be removed
   */
  own(): void {
    this.#isOwner = true
    this.#begun.splice(0)
    const left = this.#removeUnwanted()
    if (left.length > 0) throw new Error(`cannot remove ${left.join(', ')}: remove it by hand`)
  }

  /**
   * Gives the predecessor's paths the modes that this version requests.
   *
   * @throws {Error} if one fails. It is the first failure, after all were tried
   */
  setModes(): void {
    const failed: unknown[] = []
    for (const { path, mode } of this.#held) {
      try {
        if (path !== undefined && mode !== undefined) setSocketMode(path.path, mode)
      } catch (error) {
        failed.push(error)
      }
    }
    if (failed.length > 0) throw failed[0]
  }

  /** Returns the sockets for a successor. They are borrowed, because the program may close a server at any time. */
  offered(): OfferedFd[] {
    return [...this.#held].map(({ name, fd, path }) => ({ name, fd, file: path?.file }))
  }

  /** Leaves the sockets to a successor, which has them. It closes only our copies. */
  leave(): void {
    this.#over = true
    const held = [...this.#held]
    // This comes first: a server that closes after this has none of our paths to remove.
    this.#held.clear()
    closeAll([...this.#waiting.splice(0).map(({ copy }) => copy), ...held.map(({ fd }) => fd)])
  }

  /**
   * Closes the sockets, because no process has them after us. Removes the paths while the listeners are open, so that no path is another
   * process's.
   */
  close(): void {
    if (this.#isOurs) this.#removeUnwanted()
    for (const held of this.#held) this.#unlink(held)
    this.leave()
  }

  #serve<Address extends BindAddress & ConfiguredAddress>(
    address: Address,
    bind: (address: Address) => Promise<BoundSocket>,
    given: Given,
  ): Promise<SocketAddress> {
    return this.#open(async () => {
      given.check()
      given.checkAddress()
      if (this.#over) throw servesNoMore()
      const absolute = withAbsolutePath(address)
      const taken = [given.object, ...this.#addressOf(given.transport, absolute)]
      this.#givenOnce.add(taken)
      try {
        given.admit()
        return await this.#heldFor(absolute, bind, given, () => this.#givenOnce.remove(taken))
      } catch (error) {
        this.#givenOnce.remove(taken)
        throw error
      }
    })
  }

  async #heldFor<Address extends BindAddress & ConfiguredAddress>(
    address: Address,
    bind: (address: Address) => Promise<BoundSocket>,
    { object, transport, check, onHeld, start, stop }: Given,
    onReleased: () => void,
  ): Promise<SocketAddress> {
    const held = await findSocket(this.#predecessor, transport, address, bind, this.#held)
    this.#hold(held)
    try {
      onHeld(held.name, held.fd)
      // The copy is made before the commit, because after it no descriptor may be free.
      const copy = held.fd.dup()
      const startHeld = async () => {
        try {
          check()
          await start(copy)
        } finally {
          // If the object has begun, this descriptor is its own by now.
          copy.close()
        }
        object.once('close', () => {
          this.#release(held)
          onReleased()
        })
      }
      if (this.#accepting) {
        this.#onChange()
        await startHeld()
      } else {
        this.#waiting.push({ copy, check, start: startHeld, stop })
      }
      return localAddress(held.fd.fd)
    } catch (error) {
      this.#release(held)
      throw error
    }
  }

  /** Returns the address, if this service must bind it. A service manager can pass several sockets of one name. */
  #addressOf(transport: Transport, address: ConfiguredAddress): string[] {
    const { name, port, path } = address
    const activated = socketKinds.activated + name
    const isActivated = name !== undefined && this.#predecessor.keys(activated).includes(activated)
    if (isActivated || (port === undefined && path === undefined)) return []
    return [boundKey(transport, address).slice(socketKinds.bound.length)]
  }

  #hold(held: Held): void {
    if (!this.#over) {
      this.#held.add(held)
      return
    }
    this.#unlink(held)
    held.fd.close()
    throw servesNoMore()
  }

  /** Releases our copy, because the program has closed its server. Nothing would accept the connections that queue on it. */
  #release(held: Held): void {
    if (!this.#held.delete(held)) return
    this.#unlink(held)
    held.fd.close()
    if (this.#isOwner) this.#onChange()
  }

  #unlink({ path, inherited }: Held): void {
    if (this.#isOurs || !inherited) path?.unlink()
  }

  /** @returns the paths that could not be removed */
  #removeUnwanted(): string[] {
    const left = this.#unwanted.splice(0).filter((claim) => claim.file === undefined || !claim.unlink())
    return left.map(({ path }) => path)
  }

  /** Whether the predecessor's sockets are ours. A stop can come before we accept on them. */
  get #isOurs(): boolean {
    return this.#isOwner || this.#predecessor.committed
  }

  /**
   * Reports a failure to the caller and to `opened()`. Neither has to wait for both. The predecessor gets the report at once, because the
   * caller may end this process over it.
   */
  #open<T>(open: () => Promise<T>): Promise<T> {
    const opening = open()
    // `ready()` is over, so only the caller can see a failure. A socket that comes too late does no harm.
    if (this.#accepting && !this.#over) return opening
    opening.catch((error: unknown) => {
      if (!this.#accepting) this.#predecessor.refuse(messageOf(error))
    })
    this.#opening.add(opening)
    return opening
  }
}

function servesNoMore(): ListenersError {
  return new ListenersError(
    'ERR_NO_LONGER_SERVING',
    'this process is stopped or replaced, so it cannot open sockets. Call listen(), bind() and open() before ready()',
  )
}

/**
 * Makes the path absolute. The program may change its working directory before it exits, and two ways to write one path mean one socket.
 */
function withAbsolutePath<Address extends ConfiguredAddress>(address: Address): Address {
  const { path } = address
  if (path === undefined || path.startsWith('@')) return address
  const absolute = resolve(path)
  // The kernel takes a short relative path even where the absolute one is too long.
  return Buffer.byteLength(absolute) > maxUnixAddressBytes ? address : { ...address, path: absolute }
}

function backlogOf({ backlog }: ListenAddress): { backlog?: number } {
  return backlog === undefined ? {} : { backlog }
}
