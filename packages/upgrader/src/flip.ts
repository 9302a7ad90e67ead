import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { OwnedFd, SocketAddress } from '@shellflip/fd-passing'
import type { BindAddress, ListenAddress } from '@shellflip/listeners'
import type { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import type { ServeOptions } from './connections/serve-options.ts'
import type { FlipEvent } from './flip-events.ts'
import type { FlipEnd, UpgradeOutcome } from './outcome.ts'

/** One process of a service that replaces itself, from its start until it has drained. `shellflip()` makes it. */
export interface Flip<S = undefined> extends AsyncDisposable {
  /** The state that the predecessor saved, or undefined if there was none. A stream must be read to its end before {@link ready}. */
  readonly state: S
  /**
   * Resolves with how this process's part ended: upgraded (to which pid), stopped (by what), or stored for the next instance. The process
   * then exits by itself, as soon as nothing of the program keeps it alive. Anything that still does ends with it at the drain deadline.
   */
  readonly done: Promise<FlipEnd>
  /** Resolves when the predecessor has exited, or at once if there was none. Then this process is the only one. */
  readonly predecessorExited: Promise<void>
  /** Drains the service at the end. Register tasks, queues and your own servers with it. */
  readonly coordinator: ShutdownCoordinator
  /**
   * Lets a server of node:net, http, https or http2 listen. It uses the predecessor's socket, one from a service manager, or a new one that
   * is bound now. The server accepts from {@link ready} on, and drains in the end. If the address is not available, this rejects and so
   * does `ready()`. The upgrade then fails, and not the service.
   *
   * @param options how it drains, and what happens to its connections in an upgrade
   * @returns where it listens
   * @throws {ListenersError} ERR_CANNOT_LISTEN
   * @throws {ListenersError} ERR_NO_SUCH_SOCKET
   * @throws {ListenersError} ERR_INVALID_ARGUMENT
   * @throws {ListenersError} ERR_NO_LONGER_SERVING
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT if an option has a mistake
   * @throws {ShellflipError} ERR_STOPPED if the shutdown has begun
   */
  listen(server: Server, address: ListenAddress, options?: ServeOptions): Promise<SocketAddress>
  /**
   * Binds a UDP socket in the same way. It receives from {@link ready} on, and is closed when the drain begins.
   *
   * @throws {ListenersError} as {@link listen}
   */
  bind(socket: DatagramSocket, address: BindAddress): Promise<SocketAddress>
  /**
   * Opens a descriptor of any kind: the predecessor's of this name, or the one that `make` makes. The caller owns the result. A copy of it
   * is kept for a successor.
   */
  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd>
  /**
   * The commit point. It prepares everything that can fail, reports ready, and begins to serve when the predecessor agrees. The predecessor
   * keeps serving until it knows that this process serves. A failure or an exit of this process before that changes nothing for its
   * clients. Resolves when everything accepts.
   *
   * @throws {ShellflipError} ERR_UNMANAGED_SERVER
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT
   * @throws {ShellflipError} ERR_CALLED_TWICE
   * @throws {ShellflipError} ERR_STOPPED
   * @throws {ListenersError} ERR_CANNOT_LISTEN if a `listen()` failed
   * @throws {HandoverError} ERR_REFUSED if the predecessor keeps serving. Exit this process then
   */
  ready(): Promise<void>
  /** Replaces this process by a new one. Never rejects: the outcome reports a failure. */
  upgrade(): Promise<UpgradeOutcome>
  /**
   * Stops the service: drains, and resolves as {@link done} does. A second call ends at once the work that is still in flight. A call soon
   * after a stop signal counts as the stop that the signal began.
   *
   * @param reason of the report. @default 'stop()'
   */
  stop(reason?: string): Promise<FlipEnd>
  /** Calls the listener for every event, until the result is disposed of. If it throws, the process emits a warning. */
  onEvent(listener: (event: FlipEvent) => unknown): Disposable
  /** Yields every event from this call on, until this process's part is done. Only listeners get the event `kept-alive` after that. */
  events(): AsyncIterable<FlipEvent>
  /** Stops as {@link stop}, at the end of an `await using` scope. Never cuts a drain that has begun. */
  [Symbol.asyncDispose](): Promise<void>
}
