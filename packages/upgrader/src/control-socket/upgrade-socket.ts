import { resolve } from 'node:path'
import { ControlServer, type ControlServerEvent } from '@shellflip/control-socket'
import { localAddress, type OwnedFd, UnixPathClaim } from '@shellflip/fd-passing'
import { type OfferedFd, socketKinds } from '@shellflip/handover'
import { isStillAt } from '@shellflip/listeners'
import type { UpgradeOutcome } from '../outcome.ts'
import type { Predecessor } from '../predecessor/predecessor.ts'
import { type ShellflipReply, shellflipProtocol } from '../rust/shellflip-protocol.ts'

export type UpgradeSocketOptions = {
  /** Undefined if this process answers no requests. It closes the control socket of its predecessor then. */
  readonly path: string | undefined
  readonly restart: () => Promise<UpgradeOutcome>
  readonly onEvent: (event: ControlServerEvent) => void
}

type Rules = Omit<Parameters<typeof ControlServer.adopt>[0], 'fd' | 'path'>

/** How long a waiting client may take to read the outcome after this process stops answering, in milliseconds. */
const lastWordsMs = 10_000

/** Serves the requests of `shellflip restart` in the Rust coordination protocol. The socket outlives the processes that answer on it. */
export class UpgradeSocket {
  readonly #path: string | undefined
  readonly #rules: Rules | undefined
  /** The predecessor's listener. The predecessor answers on it until this process is ready. */
  #inherited: OwnedFd | undefined
  #server: ControlServer | undefined
  #adopting: Promise<void> | undefined
  /**
   * The path at which this process answers. If the listener was taken over, the path is the predecessor's until this process is the owner.
   */
  #claim: UnixPathClaim | undefined
  /** Whether the path is ours, because the predecessor cannot continue any more. */
  #isOwner = false
  readonly #predecessor: Predecessor

  /**
   * Takes over the predecessor's socket, or listens at the path. It never takes a path at which a live process answers. It binds a path
   * again that somebody removed.
   *
   * @throws {ControlSocketError} as {@link ControlServer.listen}
   */
  static async open(options: UpgradeSocketOptions, predecessor: Predecessor): Promise<UpgradeSocket> {
    const inherited = predecessor.socket(socketKinds.control)?.fd
    const { path } = options
    const rules = path === undefined ? undefined : rulesFor(options)
    const socket = new UpgradeSocket(path, rules, predecessor, inherited)
    if (rules !== undefined && path !== undefined && !socket.#isInheritedAt(path)) {
      socket.#server = await ControlServer.listen({ ...rules, path })
      socket.#claim = new UnixPathClaim(path)
    }
    return socket
  }

  private constructor(
    path: string | undefined,
    rules: Rules | undefined,
    predecessor: Predecessor,
    inherited: OwnedFd | undefined,
  ) {
    this.#path = path
    this.#rules = rules
    this.#predecessor = predecessor
    this.#inherited = inherited
  }

  /** Answers beside the predecessor, on its listener. @throws {ControlSocketError} as {@link ControlServer.listen} */
  accept(): Promise<void> {
    const fd = this.#server === undefined && this.#rules !== undefined ? this.#takeInherited() : undefined
    this.#adopting = fd && this.#adopt(fd)
    return Promise.resolve(this.#adopting)
  }

  /**
   * Takes ownership, because the predecessor cannot continue. If this version does not use the predecessor's listener, closes it and
   * removes its path.
   */
  own(): void {
    this.#isOwner = true
    const fd = this.#takeInherited()
    if (fd === undefined) return
    const path = pathOf(fd)
    // Otherwise the path was bound again, by this process or by another one.
    const isTheirs =
      path !== undefined &&
      path !== this.#path &&
      isStillAt(path, this.#predecessor.file(socketKinds.control))
    if (isTheirs) new UnixPathClaim(path).unlink()
    fd.close()
  }

  async #adopt(fd: OwnedFd): Promise<void> {
    const path = this.#path as string
    this.#claim = new UnixPathClaim(path)
    this.#server = await ControlServer.adopt({ ...(this.#rules as Rules), fd, path })
  }

  #isInheritedAt(path: string): boolean {
    return path === pathOf(this.#inherited) && isStillAt(path, this.#predecessor.file(socketKinds.control))
  }

  #takeInherited(): OwnedFd | undefined {
    const fd = this.#inherited
    this.#inherited = undefined
    return fd
  }

  /** Returns a copy of the listener for a successor. The caller closes it after the handover. */
  offered(): OfferedFd[] {
    const wanted = this.#rules === undefined ? undefined : this.#inherited?.dup()
    const fd = this.#server?.listener() ?? wanted
    return fd === undefined ? [] : [{ name: socketKinds.control, fd, file: this.#claim?.file }]
  }

  /** Stops answering, because the successor answers now. A client that waits for this process still gets the outcome. */
  async leave(): Promise<void> {
    await this.#adopting?.catch(() => {})
    await this.#server?.close({ keepPath: true, lastWordsMs })
  }

  /** Removes the path at once, because this process is exiting. */
  vacate(): void {
    if (this.#isOwner) this.#claim?.unlink()
  }

  /** Closes the socket, because no process answers after this one. Before the commit the predecessor answers. */
  async close(): Promise<void> {
    if (this.#predecessor.committed) this.own()
    this.#takeInherited()?.close()
    // Without an adoption this must not await: an exit of this process does not wait.
    if (this.#adopting !== undefined) await this.#adopting.catch(() => {})
    // The path cannot be another process's while the listener is open.
    if (this.#isOwner && this.#adopting !== undefined) this.#claim?.unlink()
    await this.#server?.close()
  }
}

function rulesFor({ restart, onEvent }: UpgradeSocketOptions): Rules {
  return {
    protocol: shellflipProtocol,
    onEvent,
    async answer() {
      return { Response: replyTo(await restart()) }
    },
  } as Rules
}

/** Replies with pid 0 for an instance that the service manager starts, because the requester cannot know its pid. */
function replyTo(outcome: UpgradeOutcome): ShellflipReply['Response'] {
  if (outcome.type === 'upgraded') return { RestartComplete: outcome.pid }
  if (outcome.type === 'stored') return { RestartComplete: 0 }
  return { RestartFailed: outcome.message }
}

function pathOf(listener: OwnedFd | undefined): string | undefined {
  if (listener === undefined) return undefined
  const address = localAddress(listener.fd)
  return address.family === 'unix' ? resolve(address.path) : undefined
}
