import { once } from 'node:events'
import { fstatSync, type Stats, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type NamedFd, OwnedFd, setCloexec, watchPid } from '@shellflip/fd-passing'
import { storedKey } from '@shellflip/fd-store'
import { HandoverError, socketKinds } from '@shellflip/handover'
import { rustVariables } from '@shellflip/launcher'
import { listenFds } from '@shellflip/sd-notify'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import type { Predecessor } from '../predecessor/predecessor.ts'
import { ShellflipError } from '../shellflip-error.ts'

/** The kind of descriptor that each variable names. */
const kindsOfFd = {
  notify: ['a pipe', (stats: Stats) => stats.isFIFO() || stats.isSocket()],
  handover: ['a pipe', (stats: Stats) => stats.isFIFO() || stats.isSocket()],
  control: ['a socket', (stats: Stats) => stats.isSocket()],
} as const

/** Decodes the bytes that the Rust application has written, to their end. */
export type FromRust = (bytes: Readable) => unknown

/**
 * A service of the Rust crate shellflip that has started this process. It waits for one byte on a pipe, and gives the application's own
 * bytes by another pipe. Its coordination socket and listeners are inherited.
 */
export class RustPredecessor implements Predecessor {
  /** The process that started us. The protocol does not name it. */
  readonly identity = { pid: process.ppid, version: 'unknown (Rust)' }
  /** Watches the process, because it does not report its exit. */
  readonly gone = new Promise<void>((resolve) => {
    watchPid(this.identity.pid, resolve).unref()
    if (this.#isGone()) resolve()
  })
  readonly stored = new Map<string, number>()
  readonly deciding = false
  #committed = false
  readonly #notify: OwnedFd
  readonly #handover: OwnedFd | undefined
  /** The passed descriptors, by their keys. */
  readonly #passed: NamedFd[]
  readonly #fromRust: FromRust | undefined
  #control: OwnedFd | undefined

  /** Finds a Rust predecessor in the environment. Returns undefined if there is none. @throws {ShellflipError} ERR_HANDOVER_ENVIRONMENT */
  static fromEnvironment(env: NodeJS.ProcessEnv, fromRust?: FromRust): RustPredecessor | undefined {
    const roles = ['notify', 'handover', 'control'] as const
    // All of them go first: none is for a child of this process, whatever the others name.
    const told = roles.map((role) => [role, takeVariable(env, rustVariables[role])] as const)
    const [notify, handover, control] = told.map(([role, value]) => inherited(role, value))
    return notify && new RustPredecessor(notify, handover, control, fromRust)
  }

  private constructor(
    notify: OwnedFd,
    handover: OwnedFd | undefined,
    control: OwnedFd | undefined,
    fromRust: FromRust | undefined,
  ) {
    this.#notify = notify
    this.#handover = handover
    this.#control = control
    this.#fromRust = fromRust
    // A service of this library may have come before the Rust process, and have named them.
    this.#passed = listenFds().map(({ name, fd }) => ({
      name: storedKey(name) ?? socketKinds.activated + name,
      fd,
    }))
  }

  get committed(): boolean {
    return this.#committed
  }

  async state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined> {
    if (this.#handover === undefined) return undefined
    // Not a file stream: each of its reads would hold a thread, and delay the exit of a process whose predecessor hangs.
    const bytes = new Socket({ fd: this.#handover.release(), readable: true, writable: false })
    if (this.#fromRust !== undefined) return this.#fromRust(bytes)
    await once(bytes, 'readable')
    if (bytes.readableLength > 0) return definition.decode(bytes)
    // The application hands nothing over, as the crate does by default.
    bytes.destroy()
    return undefined
  }

  socket(key: string): NamedFd | undefined {
    if (key === socketKinds.control) return this.#takeControl()
    const index = this.#passed.findIndex(({ name }) => name === key)
    return index === -1 ? undefined : this.#passed.splice(index, 1)[0]
  }

  file(): undefined {}

  keys(prefix: string): string[] {
    return this.#passed.map(({ name }) => name).filter((key) => key.startsWith(prefix))
  }

  lock(): undefined {}

  async *connections(): AsyncGenerator<never> {}

  /** Refuses the handover by closing the pipe without the byte, which reports that this process has failed. */
  refuse(): void {
    this.#close()
  }

  /**
   * Commits with the single message of the protocol. The predecessor lets go when it reads it, so this process begins to serve after it.
   */
  async ready(activate: () => Promise<void>): Promise<'draining' | 'gone'> {
    const state = this.#commit()
    await activate()
    return state
  }

  #commit(): 'draining' | 'gone' {
    try {
      writeSync(this.#notify.fd, '1')
      this.#committed = true
      return 'draining'
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EPIPE') throw cause
      this.#committed = this.#isGone()
      if (this.#committed) return 'gone'
      throw new HandoverError(
        'ERR_REFUSED',
        'the predecessor keeps serving, because this process took too long',
        {
          cause,
        },
      )
    } finally {
      this.#close()
    }
  }

  /** Reports whether the predecessor has exited. Its children then get another parent. */
  #isGone(): boolean {
    return process.ppid !== this.identity.pid
  }

  #takeControl(): NamedFd | undefined {
    const fd = this.#control
    this.#control = undefined
    return fd && { name: socketKinds.control, fd }
  }

  #close(): void {
    this.#notify.close()
    this.#handover?.close()
    this.#control?.close()
    for (const { fd } of this.#passed.splice(0)) fd.close()
  }
}

function takeVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const { [name]: value } = env
  delete env[name]
  return value
}

function inherited(role: keyof typeof rustVariables, value: string | undefined): OwnedFd | undefined {
  if (value === undefined || value === '') return undefined
  const fd = /^\d{1,6}$/.test(value) ? Number(value) : -1
  const [kind, isOfKind] = kindsOfFd[role]
  try {
    if (!isOfKind(fstatSync(fd))) throw new Error(`fd ${fd} is not ${kind}`)
    setCloexec(fd, true)
    return new OwnedFd(fd)
  } catch (cause) {
    throw new ShellflipError(
      'ERR_HANDOVER_ENVIRONMENT',
      `${rustVariables[role]}=${value} does not name a descriptor of a predecessor (${(cause as Error).message}). A service of the ` +
        'Rust crate sets it for its successor. Do not set it by hand',
      { cause },
    )
  }
}
