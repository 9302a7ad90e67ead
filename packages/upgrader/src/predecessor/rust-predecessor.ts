import { once } from 'node:events'
import { fstatSync, type Stats, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { OwnedFd, setCloexec, watchPid } from '@shellflip/fd-passing'
import { HandoverError, socketKinds } from '@shellflip/handover'
import type { InheritedSocket } from '@shellflip/listeners'
import { type ListenFd, listenFds } from '@shellflip/sd-notify'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import { ShellflipError } from '../shellflip-error.ts'
import type { Predecessor } from './predecessor.ts'

/** The variables that the Rust crate shellflip (2.x) sets for the successor that it starts. */
const variables = ['OXY_NOTIFY_SOCKET', 'OXY_HANDOVER_PIPE', 'OXY_RESTART_SOCKET'] as const

/** The kind of descriptor that each of them names. */
const kindsOfFd = {
  OXY_NOTIFY_SOCKET: ['a pipe', (stats: Stats) => stats.isFIFO() || stats.isSocket()],
  OXY_HANDOVER_PIPE: ['a pipe', (stats: Stats) => stats.isFIFO() || stats.isSocket()],
  OXY_RESTART_SOCKET: ['a socket', (stats: Stats) => stats.isSocket()],
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
  readonly #passed: ListenFd[]
  readonly #fromRust: FromRust | undefined
  #control: OwnedFd | undefined

  /** Finds a Rust predecessor in the environment. Returns undefined if there is none. @throws {ShellflipError} ERR_HANDOVER_ENVIRONMENT */
  static fromEnvironment(env: NodeJS.ProcessEnv, fromRust?: FromRust): RustPredecessor | undefined {
    const told = variables.map((name) => {
      const value = env[name]
      delete env[name]
      return [name, value] as const
    })
    const [notify, handover, control] = told.map(([name, value]) => inherited(name, value))
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
    this.#passed = listenFds()
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

  socket(key: string): InheritedSocket | undefined {
    if (key === socketKinds.control) return this.#takeControl()
    const index = this.#passed.findIndex(({ name }) => socketKinds.activated + name === key)
    const [taken] = index === -1 ? [] : this.#passed.splice(index, 1)
    return taken && { fd: taken.fd, activated: true }
  }

  file(): undefined {}

  keys(prefix: string): string[] {
    return this.#passed
      .map(({ name }) => socketKinds.activated + name)
      .filter((key) => key.startsWith(prefix))
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

  #takeControl(): InheritedSocket | undefined {
    const fd = this.#control
    this.#control = undefined
    return fd && { fd, activated: false }
  }

  #close(): void {
    this.#notify.close()
    this.#handover?.close()
    this.#control?.close()
    for (const { fd } of this.#passed.splice(0)) fd.close()
  }
}

function inherited(name: (typeof variables)[number], value: string | undefined): OwnedFd | undefined {
  if (value === undefined || value === '') return undefined
  const fd = /^\d{1,6}$/.test(value) ? Number(value) : -1
  const [kind, isOfKind] = kindsOfFd[name]
  try {
    if (!isOfKind(fstatSync(fd))) throw new Error(`fd ${fd} is not ${kind}`)
    setCloexec(fd, true)
    return new OwnedFd(fd)
  } catch (cause) {
    throw new ShellflipError(
      'ERR_HANDOVER_ENVIRONMENT',
      `${name}=${value} does not name a descriptor of a predecessor (${(cause as Error).message}). A service of the ` +
        'Rust crate sets it for its successor. Do not set it by hand',
      { cause },
    )
  }
}
