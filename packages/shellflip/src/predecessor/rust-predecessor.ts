import { createReadStream, fstatSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { OwnedFd, setCloexec } from '@shellflip/fd-passing'
import { type ListenFd, listenFds } from '@shellflip/sd-notify'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import { ShellflipError } from '../shellflip-error.ts'
import { kinds } from '../sockets/socket-key.ts'
import type { InheritedSocket, Predecessor } from './predecessor.ts'

/** What the Rust crate shellflip (2.x) tells the successor that it starts. */
const variables = ['OXY_NOTIFY_SOCKET', 'OXY_HANDOVER_PIPE', 'OXY_RESTART_SOCKET'] as const

/** Understands the bytes that the Rust application has written, to their end. */
export type FromRust = (bytes: Readable) => unknown

/**
 * A service of the Rust crate shellflip that has started this process: it waits for one byte on a pipe, gives the
 * application's own bytes by another, and its coordination socket and listeners are inherited.
 */
export class RustPredecessor implements Predecessor {
  /** It does not say who it is; it is the process that started us. */
  readonly identity = { pid: process.ppid, version: 'unknown (Rust)' }
  /** It tells nobody when it ends. */
  readonly gone = Promise.resolve()
  readonly #notify: OwnedFd
  readonly #handover: OwnedFd | undefined
  readonly #passed: ListenFd[]
  readonly #fromRust: FromRust | undefined
  #control: OwnedFd | undefined

  /** Undefined if this environment is not of a Rust predecessor. @throws {ShellflipError} ERR_HANDOVER_ENVIRONMENT */
  static fromEnvironment(env: NodeJS.ProcessEnv, fromRust?: FromRust): RustPredecessor | undefined {
    const values = variables.map((name) => {
      const value = env[name]
      delete env[name]
      return value
    })
    const [notify, handover, control] = values.map((value, index) => inherited(variables[index], value))
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

  async state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined> {
    if (this.#handover === undefined) return undefined
    const bytes = createReadStream('', { fd: this.#handover.release() })
    return this.#fromRust === undefined ? definition.decode(bytes) : this.#fromRust(bytes)
  }

  socket(key: string): InheritedSocket | undefined {
    if (key === kinds.control) return this.#takeControl()
    const index = this.#passed.findIndex(({ name }) => kinds.activated + name === key)
    const [taken] = index === -1 ? [] : this.#passed.splice(index, 1)
    return taken && { fd: taken.fd, activated: true }
  }

  keys(prefix: string): string[] {
    return this.#passed.map(({ name }) => kinds.activated + name).filter((key) => key.startsWith(prefix))
  }

  lock(): undefined {}

  async *connections(): AsyncGenerator<never> {}

  /** To close the pipe without the byte says that this process has failed. */
  refuse(): void {
    this.#close()
  }

  async ready(): Promise<'draining'> {
    writeSync(this.#notify.fd, '1')
    this.#close()
    return 'draining'
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

function inherited(name: string | undefined, value: string | undefined): OwnedFd | undefined {
  if (value === undefined || value === '') return undefined
  const fd = /^\d{1,6}$/.test(value) ? Number(value) : -1
  try {
    fstatSync(fd)
    setCloexec(fd, true)
    return new OwnedFd(fd)
  } catch (cause) {
    throw new ShellflipError(
      'ERR_HANDOVER_ENVIRONMENT',
      `${name}=${value} is no descriptor that this process has: it is for one process, do not set it by hand`,
      { cause },
    )
  }
}
