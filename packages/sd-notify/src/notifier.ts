import type { OwnedFd } from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { passBarrier } from './barrier.ts'
import { checkFdName, checkFds, checkOptions, invalid } from './check-argument.ts'
import { checkMessage, formatMessage } from './format-message.ts'
import { ManagerConnection } from './manager-connection.ts'
import type { NotifyMessage } from './message.ts'
import type { NotifyOutcome } from './notify-outcome.ts'
import { takeVariables } from './take-variables.ts'

export type NotifierOptions = {
  /**
   * How long a message may wait for room in the manager's queue, in milliseconds. After that it fails.
   * @default 5000
   */
  sendTimeoutMs?: number
}

export type NotifierEnvironmentOptions = NotifierOptions & {
  /** The environment from which `NOTIFY_SOCKET` is read. @default process.env */
  env?: NodeJS.ProcessEnv
  /** Delete `NOTIFY_SOCKET`, so that no child speaks in this process's name. @default true */
  consume?: boolean
}

export type StoreFdOptions = {
  /** `false` keeps an fd in the store even after it hung up (`FDPOLL=0`). @default true */
  poll?: boolean
  /**
   * Remove what is stored under the name first. Storing a name again *adds*: without this, every restart leaves one
   * fd more behind.
   * @default true
   */
  replace?: boolean
}

const optionTypes = { sendTimeoutMs: 'milliseconds' } as const

/** SCM_MAX_FD of the kernel. */
const maxFdsPerMessage = 253

/**
 * Sends messages to a service manager: the service's end of sd_notify(3). A failure of the manager is an outcome, never an exception.
 * Only a value that the protocol cannot carry rejects (`ERR_INVALID_ARGUMENT`). Messages arrive in the order of the calls.
 */
export class Notifier implements Disposable, AsyncDisposable {
  readonly #manager: ManagerConnection | undefined
  readonly #closing = new AbortController()

  /** Returns a notifier for the manager that `NOTIFY_SOCKET` names. Without the variable it notifies nobody. */
  static fromEnvironment(options: NotifierEnvironmentOptions = {}): Notifier {
    checkOptions('Notifier.fromEnvironment()', options, { env: 'object', consume: 'boolean', ...optionTypes })
    const { env = process.env, consume = true, ...more } = options
    const { NOTIFY_SOCKET: address } = takeVariables(consume ? env : { ...env }, ['NOTIFY_SOCKET'])
    return new Notifier(address === '' ? undefined : address, more)
  }

  /** @param address `/path`, `@name` for an abstract socket, or undefined: no manager. */
  constructor(address: string | undefined, options: NotifierOptions = {}) {
    checkOptions('new Notifier()', options, optionTypes)
    if (address !== undefined && typeof address !== 'string')
      throw invalid(`the address of a manager must be text, not ${show(address)}`)
    const { sendTimeoutMs = 5000 } = options
    this.#manager = address === undefined ? undefined : new ManagerConnection(address, sendTimeoutMs)
  }

  /** Whether a manager is to be notified. It may still not answer. */
  get hasManager(): boolean {
    return this.#manager !== undefined
  }

  get closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Started, or done with reloading. More fits into the same datagram: `ready({ status: 'Serving' })`. */
  async ready(more: NotifyMessage = {}): Promise<NotifyOutcome> {
    checkMessage(more)
    return this.send({ ...more, ready: true })
  }

  /**
   * Reloading begins. `ready()` must follow, after a reload that failed too, or `systemctl reload` hangs. Tells the
   * time in the same datagram, without which `Type=notify-reload` (v253) never completes.
   */
  async reloading(more: NotifyMessage = {}): Promise<NotifyOutcome> {
    checkMessage(more)
    // On Linux this clock is CLOCK_MONOTONIC.
    const { monotonicUsec = process.hrtime.bigint() / 1000n } = more
    return this.send({ ...more, reloading: true, monotonicUsec })
  }

  /** Reports that the service stops. From systemd v259 on this cannot be undone. */
  async stopping(more: NotifyMessage = {}): Promise<NotifyOutcome> {
    checkMessage(more)
    return this.send({ ...more, stopping: true })
  }

  /** Sends one line for people. Line breaks become spaces. Text beyond 2 KiB is cut. */
  status(text: string): Promise<NotifyOutcome> {
    return this.send({ status: text })
  }

  /** Another process is the main one now. Wait for `barrier()` before this one exits. */
  mainPid(pid: number): Promise<NotifyOutcome> {
    return this.send({ mainPid: pid })
  }

  /** Asks for more time to start, reload or stop, counted from now. */
  async extendTimeout(milliseconds: number): Promise<NotifyOutcome> {
    if (typeof milliseconds !== 'number')
      throw invalid(`extendTimeout() takes a number of milliseconds, not ${show(milliseconds)}`)
    return this.send({ extendTimeoutUsec: Math.round(milliseconds * 1000) })
  }

  /** Sends a keep-alive to the watchdog. `WatchdogPinger` sends them by itself. */
  ping(): Promise<NotifyOutcome> {
    return this.send({ watchdog: 'ping' })
  }

  /**
   * Keeps fds in the manager's store under a name. `listenFds()` returns them after a restart. The caller keeps its own fds. `sent` does
   * not mean that they are kept: without `FileDescriptorStoreMax=` systemd closes them silently.
   */
  async storeFd(
    name: string,
    fds: OwnedFd | readonly OwnedFd[],
    options: StoreFdOptions = {},
  ): Promise<NotifyOutcome> {
    checkOptions('storeFd()', options, { poll: 'boolean', replace: 'boolean' })
    checkFdName(name)
    const { poll = true, replace = true } = options
    const message: NotifyMessage = { fdStore: true, fdName: name, ...(poll ? {} : { fdPoll: false }) }
    const all = [fds].flat()
    checkFds(all)
    if (all.length === 0) throw invalid('storeFd() needs at least one fd. removeFd() removes them')
    // All are queued before the first is awaited, so that no other message comes between.
    const sent = replace ? [this.removeFd(name)] : []
    for (let first = 0; first < all.length; first += maxFdsPerMessage) {
      sent.push(this.send(message, all.slice(first, first + maxFdsPerMessage)))
    }
    const outcomes = await Promise.all(sent)
    return outcomes.find(({ type }) => type !== 'sent') ?? { type: 'sent' }
  }

  /** Closes every stored fd of that name. */
  async removeFd(name: string): Promise<NotifyOutcome> {
    checkFdName(name)
    return this.send({ fdStoreRemove: true, fdName: name })
  }

  /**
   * Waits until the manager has processed everything sent before (v246). A process that exits earlier may be gone before the manager can
   * attribute its last messages, and the manager drops them.
   *
   * @param options.timeoutMs how long the whole call may take, in milliseconds. @default 5000
   */
  async barrier(options: { timeoutMs?: number } = {}): Promise<NotifyOutcome> {
    checkOptions('barrier()', options, { timeoutMs: 'milliseconds' })
    const { timeoutMs = 5000 } = options
    const manager = this.#manager
    if (manager === undefined) return { type: 'no-manager' }
    const datagram = formatMessage({ barrier: true })
    return passBarrier((writer) => manager.send(datagram, [writer], timeoutMs), {
      timeoutMs,
      signal: this.#closing.signal,
    })
  }

  /** Sends one datagram, with up to 253 fds. The caller keeps its own fds. */
  async send(message: NotifyMessage, fds: readonly OwnedFd[] = []): Promise<NotifyOutcome> {
    checkFds(fds)
    const datagram = formatMessage(message)
    if (datagram === '') throw invalid('a message must have at least one field')
    if (fds.length > maxFdsPerMessage) {
      throw invalid(
        `one message carries at most ${maxFdsPerMessage} fds, not ${fds.length}. Send several messages`,
      )
    }
    return this.#manager?.send(datagram, fds) ?? { type: 'no-manager' }
  }

  /** Closes at once: what still waits has failed. `await using` sends it first, within `sendTimeoutMs`. */
  close(): void {
    this.#closing.abort()
    this.#manager?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager?.idle()
    this.close()
  }
}
