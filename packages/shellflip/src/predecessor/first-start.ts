import { type ListenFd, listenFds } from '@shellflip/sd-notify'
import { kinds } from '../sockets/socket-key.ts'
import type { InheritedSocket, Predecessor } from './predecessor.ts'

/** Nobody was there before: only what a service manager passes by LISTEN_FDS. */
export class FirstStart implements Predecessor {
  readonly identity = undefined
  readonly gone = Promise.resolve()
  readonly #activated: ListenFd[]

  /** @throws {SdNotifyError} if LISTEN_FDS does not name what was passed */
  constructor() {
    this.#activated = listenFds()
  }

  async state(): Promise<undefined> {
    return undefined
  }

  socket(key: string): InheritedSocket | undefined {
    const index = this.#activated.findIndex(({ name }) => kinds.activated + name === key)
    const [taken] = index === -1 ? [] : this.#activated.splice(index, 1)
    return taken && { fd: taken.fd, activated: true }
  }

  keys(prefix: string): string[] {
    return this.#activated.map(({ name }) => kinds.activated + name).filter((key) => key.startsWith(prefix))
  }

  lock(): undefined {}

  async *connections(): AsyncGenerator<never> {}

  refuse(): void {
    this.#close()
  }

  async ready(): Promise<'none'> {
    this.#close()
    return 'none'
  }

  /** The service manager keeps its own. */
  #close(): void {
    for (const { fd } of this.#activated.splice(0)) fd.close()
  }
}
