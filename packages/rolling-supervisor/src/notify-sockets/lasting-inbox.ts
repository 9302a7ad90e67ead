import { basename, dirname } from 'node:path'
import { socketFileAt } from '@shellflip/fd-passing'
import type { NotifyInbox, System } from '@shellflip/generation'

export type OpenNotifySocket = System['openNotifySocket']

/**
 * A generation's notify socket that is made again when its path was swept away. Its generation knows that path and no
 * other.
 */
export class LastingInbox implements NotifyInbox {
  readonly #open: () => NotifyInbox
  readonly #vouch: () => void
  readonly #path: string
  readonly #onClosed: () => void
  #current: NotifyInbox
  #file: string | undefined
  /** A connected sender (connect(2)) keeps using it without its path. */
  #former: NotifyInbox | undefined
  #lost = false

  constructor(
    base: OpenNotifySocket,
    [path, observer]: Parameters<OpenNotifySocket>,
    onClosed: (inbox: LastingInbox) => void,
  ) {
    this.#path = path
    this.#open = () => base(path, observer)
    this.#vouch = () => observer.onNotification({ message: { watchdog: 'ping' }, fds: [] })
    this.#onClosed = () => onClosed(this)
    this.#current = this.#open()
    this.#file = socketFileAt(path)
  }

  /** Names its generation: the socket is called by the number. */
  get generation(): number {
    return Number(basename(this.#path, '.sock'))
  }

  /**
   * Makes the socket again if its path does not lead to it any more. This counts as a sign of life of the generation, which
   * may have been about to send one.
   *
   * @returns what happened, once
   */
  restore(directory: string): 'restored' | Error | undefined {
    if (this.#isReachable) return undefined
    this.#vouch()
    try {
      if (dirname(this.#path) !== directory)
        throw new Error(`another user or process took ${dirname(this.#path)}`)
      this.#replace(this.#open())
      return 'restored'
    } catch (error) {
      const isNew = !this.#lost
      this.#lost = true
      return isNew ? (error as Error) : undefined
    }
  }

  #replace(restored: NotifyInbox): void {
    this.#lost = false
    this.#former?.[Symbol.dispose]()
    this.#former = this.#current
    this.#current = restored
    this.#file = socketFileAt(this.#path)
  }

  get #isReachable(): boolean {
    return this.#file !== undefined && socketFileAt(this.#path) === this.#file
  }

  /**
   * A watchdog reads pending messages before it acts. A generation that cannot reach its socket cannot send a keep-alive. So it gets one
   * more here, however short its interval is.
   */
  readPending(): void {
    this.#former?.readPending()
    this.#current.readPending()
    if (!this.#isReachable) this.#vouch()
  }

  [Symbol.dispose](): void {
    this.#onClosed()
    this.#former?.[Symbol.dispose]()
    this.#current[Symbol.dispose]()
  }
}
