import type { HandoverChannel, OfferedSocket, OfferedState } from '@shellflip/handover'
import { OpenConnections } from './connections/open-connections.ts'
import type { FdStore } from './fd-store/fd-store.ts'
import type { FlipEvent } from './flip-events.ts'
import type { NormalizedOptions } from './flip-options.ts'
import type { ManagerLink } from './manager-link.ts'
import type { OlderGenerations } from './older-generations.ts'
import { PidFile } from './pid-file.ts'
import type { Predecessor } from './predecessor/predecessor.ts'
import type { RestartSocket } from './restart-socket/restart-socket.ts'
import { savedState } from './saved-state.ts'
import { HeldSockets } from './sockets/held-sockets.ts'

export type EstateParts = {
  readonly options: NormalizedOptions
  readonly predecessor: Predecessor
  readonly manager: ManagerLink
  readonly older: OlderGenerations
  /** Where sockets and state wait for the next instance, where no successor is started. */
  readonly store?: FdStore
  readonly emit: (event: FlipEvent) => void
}

/** All that this process has of the service, and that whoever comes next shall have. */
export class Estate {
  readonly sockets: HeldSockets
  readonly connections: OpenConnections
  readonly #parts: EstateParts
  readonly #pidFile: PidFile | undefined
  #restartSocket: RestartSocket | undefined

  constructor(parts: EstateParts) {
    const { options, predecessor, emit } = parts
    this.#parts = parts
    this.sockets = new HeldSockets(predecessor, () => this.#socketsChanged())
    this.connections = new OpenConnections((error) => emit({ type: 'connection-lost', error }))
    this.#pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile)
  }

  attach(restartSocket: RestartSocket): void {
    this.#restartSocket = restartSocket
  }

  /** What can fail is done before the commit. */
  async prepare(): Promise<void> {
    await this.sockets.opened()
    this.#pidFile?.prepare()
  }

  /** This process serves: all of it is its own. */
  async accept(): Promise<void> {
    this.#commitPidFile()
    await this.#keepInStore()
    await Promise.all([this.#restartSocket?.accept(), this.sockets.accept()])
  }

  /** It is no reason to serve no more. */
  #commitPidFile(): void {
    try {
      this.#pidFile?.commit()
    } catch (error) {
      this.#parts.emit({ type: 'pid-file-not-written', error })
    }
  }

  /** This process never serves: nothing of it keeps it alive, and no path of its own is left. */
  abandon(): void {
    this.#pidFile?.abandon()
    this.end()
    void this.close()
  }

  /** What whoever comes next gets: copies, to be closed when they were given. */
  offered(): OfferedSocket[] {
    const { older } = this.#parts
    const copies: OfferedSocket[] = []
    try {
      for (const { name, fd } of [...this.sockets.offered(), ...older.offered()]) {
        copies.push({ name, fd: fd.dup() })
      }
      return [...copies, ...(this.#restartSocket?.offered() ?? [])]
    } catch (error) {
      for (const { fd } of copies) fd.close()
      throw error
    }
  }

  state(): OfferedState<unknown> | undefined {
    return savedState(this.#parts.options)
  }

  /** A successor serves, at the other end of the channel. Resolves when nobody waits for an answer of ours. */
  async handOver(channel: HandoverChannel): Promise<void> {
    this.connections.giveTo(channel)
    await this.#leave()
  }

  /** The next instance serves as soon as this process is gone: what waits, waits for it. */
  leaveInStore(): Promise<void> {
    return this.#leave()
  }

  /** Nobody serves after this process. Resolves when nobody waits for an answer of ours. */
  async close(): Promise<void> {
    this.sockets.close()
    await this.#restartSocket?.close()
  }

  /** Nothing of this process's work is left. */
  end(): void {
    this.#pidFile?.remove()
  }

  /** After the drain: what the last requests have changed is in it. */
  async saveInStore(store: FdStore): Promise<void> {
    const { manager, emit } = this.#parts
    const state = this.state()
    try {
      if (state !== undefined) await store.saveState(state, { onProgress: () => manager.progress() })
      await store.settled()
    } catch (error) {
      process.exitCode ||= 1
      emit({ type: 'state-not-saved', error })
    }
  }

  async #leave(): Promise<void> {
    this.sockets.leave()
    await this.#restartSocket?.leave()
  }

  #socketsChanged(): void {
    this.#keepInStore().catch((error) => this.#parts.emit({ type: 'manager-not-told', error }))
  }

  async #keepInStore(): Promise<void> {
    const { store } = this.#parts
    if (store === undefined) return
    const sockets = this.offered()
    try {
      await store.keepSockets(sockets)
    } finally {
      for (const { fd } of sockets) fd.close()
    }
  }
}
