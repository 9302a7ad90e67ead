import { nodeSystem, type System } from '@shellflip/generation'
import { SweptPathWatch } from '@shellflip/internal'
import type { Logger } from '../log/logger.ts'
import { LastingInbox } from './lasting-inbox.ts'
import type { NotifyDirectory } from './notify-directory.ts'

/** Makes the folder of the notify sockets, and the sockets in it, again when something sweeps them away. */
export class LastingNotifySockets implements Disposable {
  /** The operating system for a supervisor: its notify sockets last. */
  readonly system: System
  readonly #directory: NotifyDirectory
  readonly #logger: Logger
  readonly #inboxes = new Set<LastingInbox>()
  readonly #watch: SweptPathWatch
  #isLost = false

  constructor(directory: NotifyDirectory, logger: Logger, base: System = nodeSystem) {
    this.#directory = directory
    this.#logger = logger
    this.#watch = new SweptPathWatch(directory.path, () => this.#restore())
    const { fault } = directory
    if (fault !== undefined) {
      logger.log('WARN', 'others can replace the notify folder. Choose another --tempdir', { reason: fault })
    }
    this.system = { ...base, openNotifySocket: (...request) => this.#open(base.openNotifySocket, request) }
  }

  /** The folder for the next generation's socket, which is there. */
  get directory(): string {
    this.#restore()
    return this.#directory.path
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
      this.#logger.log('WARN', 'folder of the notify sockets was removed, and is created again', {
        path: this.#directory.path,
      })
    } catch (error) {
      if (this.#isLost) return
      this.#isLost = true
      this.#logger.log('ERROR', 'folder of the notify sockets was removed, and cannot be created again', {
        error: (error as Error).message,
      })
    }
  }

  #restoreSocket(inbox: LastingInbox): void {
    const restored = inbox.restore(this.#directory.path)
    if (restored === undefined) return
    const { generation } = inbox
    if (restored === 'restored') {
      this.#logger.log('WARN', 'notify socket was removed, and is created again', { generation })
    } else {
      const error = restored.message
      const message = 'notify socket was removed, and cannot be created again: its watchdog is off'
      this.#logger.log('ERROR', message, { generation, error })
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }
}
