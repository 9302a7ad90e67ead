import { tmpdir } from 'node:os'
import type { System } from '@shellflip/generation'
import { asError, callListener, type OptionTypes, optionFault, SweptPathWatch } from '@shellflip/internal'
import { SupervisorError } from '../supervisor-error.ts'
import { LastingInbox } from './lasting-inbox.ts'
import { NotifyDirectory } from './notify-directory.ts'

export type NotifySocketsOptions = {
  /** An existing folder for the folder of the sockets. @default the system's folder for temporary files */
  parent?: string
  /** The program's name, with which the folder's name begins. @default 'supervisor' */
  program?: string
  /** How the user of the program sets `parent`. Errors say so. @default 'parent' */
  flag?: string
  onEvent?: (event: NotifySocketsEvent) => void
}

export type NotifySocketsEvent =
  /** Another user could replace the folder, and block messages of generations. */
  | { type: 'notify-directory-exposed'; reason: string }
  /** Something removed the folder. It is there again. Another user's folder may be at its former path. */
  | { type: 'notify-directory-restored'; path: string }
  /** Something removed the folder. It cannot be made again yet. */
  | { type: 'notify-directory-lost'; error: Error }
  /** Something removed the socket of a generation. It is there again. */
  | { type: 'notify-socket-restored'; generation: number }
  /** Something removed the socket of a generation, and it cannot be made again. Its watchdog does not count. */
  | { type: 'notify-socket-lost'; generation: number; error: Error }

/**
 * A private folder for the notify sockets of generations. It makes the folder, and the sockets in it, again when something sweeps them
 * away. Disposing of it removes both.
 */
export class NotifySockets implements Disposable {
  readonly #directory: NotifyDirectory
  readonly #onEvent: NotifySocketsOptions['onEvent']
  readonly #inboxes = new Set<LastingInbox>()
  readonly #watch: SweptPathWatch
  #isLost = false

  /**
   * @throws {SupervisorError} ERR_NOTIFY_DIRECTORY
   * @throws {SupervisorError} ERR_INVALID_ARGUMENT
   */
  constructor(options: NotifySocketsOptions = {}) {
    checkOptions(options)
    const { parent = tmpdir(), program = 'supervisor', flag = 'parent', onEvent } = options
    this.#onEvent = onEvent
    this.#directory = new NotifyDirectory(parent, program, flag)
    this.#watch = new SweptPathWatch(this.#directory.path, () => this.#restore())
    const { fault } = this.#directory
    if (fault !== undefined) this.#emit({ type: 'notify-directory-exposed', reason: fault })
  }

  /** The present path of the folder. It is not made again here. */
  get path(): string {
    return this.#directory.path
  }

  /** The folder for the next generation's socket, which is there. */
  get directory(): string {
    this.#restore()
    return this.#directory.path
  }

  /** @internal The operating system for a supervisor: its notify sockets last. */
  lastingOn(base: System): System {
    return { ...base, openNotifySocket: (...request) => this.#open(base.openNotifySocket, request) }
  }

  #open(base: System['openNotifySocket'], request: Parameters<System['openNotifySocket']>): LastingInbox {
    const inbox = new LastingInbox(base, request, (closed) => this.#inboxes.delete(closed))
    this.#inboxes.add(inbox)
    return inbox
  }

  #restore(): void {
    this.#restoreDirectory()
    for (const inbox of this.#inboxes) this.#restoreSocket(inbox)
  }

  #restoreDirectory(): void {
    try {
      const wasMissing = this.#directory.restore()
      this.#isLost = false
      if (!wasMissing) return
      this.#watch.follow(this.#directory.path)
      this.#emit({ type: 'notify-directory-restored', path: this.#directory.path })
    } catch (error) {
      if (this.#isLost) return
      this.#isLost = true
      this.#emit({ type: 'notify-directory-lost', error: asError(error) })
    }
  }

  #restoreSocket(inbox: LastingInbox): void {
    const restored = inbox.restore(this.#directory.path)
    if (restored === undefined) return
    const { generation } = inbox
    if (restored === 'restored') this.#emit({ type: 'notify-socket-restored', generation })
    else this.#emit({ type: 'notify-socket-lost', generation, error: restored })
  }

  #emit(event: NotifySocketsEvent): void {
    callListener(this.#onEvent, event)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
    this.#directory[Symbol.dispose]()
  }
}

function checkOptions(options: NotifySocketsOptions): void {
  const fault = optionFault('new NotifySockets()', options, {
    parent: 'string',
    program: 'string',
    flag: 'string',
    onEvent: 'function',
  } satisfies OptionTypes<keyof NotifySocketsOptions>)
  if (fault !== undefined) throw new SupervisorError('ERR_INVALID_ARGUMENT', fault)
  const { program = 'supervisor' } = options
  if (/^[A-Za-z0-9][\w.-]*$/.test(program)) return
  const message = `program must be a name of letters, digits, dots and dashes, not ${JSON.stringify(program)}.`
  throw new SupervisorError('ERR_INVALID_ARGUMENT', message)
}
