import { resolve } from 'node:path'
import { ControlServer, type ControlServerEvent } from '@shellflip/control-socket'
import type { ShellflipReply } from '@shellflip/control-socket/shellflip'
import { localAddress, type OwnedFd, UnixPathClaim } from '@shellflip/fd-passing'
import type { OfferedSocket } from '@shellflip/handover'
import { socketKinds } from '@shellflip/handover'
import { isStillAt } from '@shellflip/listeners'
import type { UpgradeOutcome } from '../outcome.ts'
import type { Predecessor } from '../predecessor/predecessor.ts'

export type UpgradeSocketOptions = {
  /** Undefined: nobody is answered, and what a predecessor had is closed. */
  readonly path: string | undefined
  readonly restart: () => Promise<UpgradeOutcome>
  readonly onEvent: (event: ControlServerEvent) => void
}

type Rules = Omit<Parameters<typeof ControlServer.adopt>[0], 'fd' | 'path'>

/** How long a client that waits for the outcome may take to read it, when this process answers no more, in milliseconds. */
const lastWordsMs = 10_000

/** Where `shellflip restart` asks, in the words of the Rust coordination protocol. It outlives the processes that answer. */
export class UpgradeSocket {
  readonly #path: string | undefined
  readonly #rules: Rules | undefined
  /** The predecessor's, which answers on it until this process is ready. */
  #inherited: OwnedFd | undefined
  #server: ControlServer | undefined
  #adopting: Promise<void> | undefined
  /** The path at which this process answers: the predecessor's, if its listener was taken over, until this process is the owner. */
  #claim: UnixPathClaim | undefined
  /** The predecessor cannot go on any more: its path is ours. */
  #isOwner = false
  readonly #predecessor: Predecessor

  /**
   * Takes the predecessor's over, or listens at the path: one that a live process answers at is never taken. A path that somebody removed is
   * bound again.
   *
   * @throws {ControlSocketError}
   */
  static async open(options: UpgradeSocketOptions, predecessor: Predecessor): Promise<UpgradeSocket> {
    const inherited = predecessor.socket(socketKinds.control)?.fd
    const { path } = options
    const rules = path === undefined ? undefined : await rulesFor(options)
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

  /** Answers beside the predecessor, on its listener. @throws {ControlSocketError} */
  accept(): Promise<void> {
    const fd = this.#server === undefined && this.#rules !== undefined ? this.#takeInherited() : undefined
    this.#adopting = fd && this.#adopt(fd)
    return Promise.resolve(this.#adopting)
  }

  /** The predecessor cannot go on any more. Its listener goes where this version does not use it, and its path too. */
  own(): void {
    this.#isOwner = true
    const fd = this.#takeInherited()
    if (fd === undefined) return
    const path = pathOf(fd)
    // Else the path was bound again: by this process, or by another one.
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

  /** For a successor: a copy, to be closed when it was given. */
  offered(): OfferedSocket[] {
    const wanted = this.#rules === undefined ? undefined : this.#inherited?.dup()
    const fd = this.#server?.listener() ?? wanted
    return fd === undefined ? [] : [{ name: socketKinds.control, fd, file: this.#claim?.file }]
  }

  /** The successor answers now. Whoever waits for us still gets the outcome. */
  async leave(): Promise<void> {
    await this.#adopting?.catch(() => {})
    await this.#server?.close({ keepPath: true, lastWordsMs })
  }

  /** Removes the path at once, for a process that ends at this moment. */
  vacate(): void {
    if (this.#isOwner) this.#claim?.unlink()
  }

  /** Nobody answers after this process. Before the commit the predecessor does. */
  async close(): Promise<void> {
    if (this.#predecessor.committed) this.own()
    this.#takeInherited()?.close()
    // Else at once: an exit of this process does not wait.
    if (this.#adopting !== undefined) await this.#adopting.catch(() => {})
    // While the listener is open: the path can be nobody else's then.
    if (this.#isOwner && this.#adopting !== undefined) this.#claim?.unlink()
    await this.#server?.close()
  }
}

async function rulesFor({ restart, onEvent }: UpgradeSocketOptions): Promise<Rules> {
  const { shellflipVocabulary } = await import('@shellflip/control-socket/shellflip')
  return {
    vocabulary: shellflipVocabulary,
    onEvent,
    async answer() {
      return { Response: replyTo(await restart()) }
    },
  } as Rules
}

/** 0: who asks cannot know the pid of an instance that the service manager starts. */
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
