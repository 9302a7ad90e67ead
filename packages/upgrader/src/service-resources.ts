import { closeAll } from '@shellflip/fd-passing'
import type { FdStore } from '@shellflip/fd-store'
import type { OfferedFd, OfferedState } from '@shellflip/handover'
import { wholeTurn } from '@shellflip/internal'
import { forgetOwnCalls, Listeners, ownCall } from '@shellflip/listeners'
import type { Carrier } from './carrier/carrier.ts'
import { OpenConnections } from './connections/open-connections.ts'
import type { UpgradeSocket } from './control-socket/upgrade-socket.ts'
import type { ActivationStep, FlipEvents } from './flip-events.ts'
import type { NormalizedOptions } from './flip-options.ts'
import type { ManagerLink } from './manager-link.ts'
import type { OlderGenerations } from './older-generations.ts'
import { PidFile } from './pid-file.ts'
import type { Predecessor } from './predecessor/predecessor.ts'
import { savedState } from './saved-state.ts'
import { ShellflipError } from './shellflip-error.ts'

export type ServiceParts = {
  readonly options: NormalizedOptions
  readonly predecessor: Predecessor
  readonly manager: ManagerLink
  readonly older: OlderGenerations
  readonly carrier: Carrier
  /** The socket where clients request an upgrade, from the moment that this process serves. */
  readonly upgradeSocket: UpgradeSocket
  readonly events: FlipEvents
}

/** Holds everything of the service that this process has and that the next one must get. */
export class ServiceResources {
  readonly sockets: Listeners
  readonly connections: OpenConnections
  readonly #parts: ServiceParts
  readonly #pidFile: PidFile | undefined

  constructor(parts: ServiceParts) {
    const { options, predecessor, events } = parts
    this.#parts = parts
    this.sockets = new Listeners(predecessor, () => this.#socketsChanged())
    this.connections = new OpenConnections(events.emit)
    this.#pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile)
  }

  /**
   * Does everything that can fail before the commit. In the end the event loop turns once, with everything else settled. An error that Node
   * has queued appears now. The check of what the program did meanwhile comes after that.
   */
  async prepare(): Promise<void> {
    await this.sockets.opened()
    await this.#keepSockets()
    this.#pidFile?.prepare()
    await wholeTurn()
    this.sockets.check()
    this.#checkOwnCalls()
  }

  /**
   * Begins to serve beside the predecessor, which can still continue alone. Errors that Node queues for the next turn appear before this
   * resolves.
   *
   * @throws {Error} if something could not begin. Everything else has begun
   */
  async accept(): Promise<void> {
    const outcomes = await Promise.allSettled([
      this.sockets.accept(),
      this.#parts.upgradeSocket.accept(),
      (async () => this.#pidFile?.commit())(),
    ])
    await wholeTurn()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /**
   * Takes ownership of what the predecessor had, because only this process serves from now on. The steps are independent, and each failure
   * is an event.
   */
  async own(): Promise<void> {
    const { carrier, upgradeSocket } = this.#parts
    forgetOwnCalls()
    await this.#alone('unwanted-paths', () => this.sockets.own())
    await this.#alone('socket-modes', () => this.sockets.setModes())
    await this.#alone('control-socket', () => upgradeSocket.own())
    for (const keeper of carrier.keepers) await this.#alone('stored-state', () => keeper.dropState())
  }

  /** Restores what a failed successor has changed, because this process keeps serving. */
  async takeBack(): Promise<void> {
    await this.#alone('pid-file', () => this.#pidFile?.restore())
  }

  async #alone(step: ActivationStep, act: () => unknown): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#parts.events.emit({ type: 'activation-failed', step, error })
    }
  }

  /** Checks for addresses that the program binds itself. Two generations cannot both bind one, so the next generation could not bind it. */
  #checkOwnCalls(): void {
    const { predecessor, events } = this.#parts
    const message = ownCallsFault()
    if (message === undefined) return
    if (predecessor.identity !== undefined) throw new ShellflipError('ERR_UNMANAGED_SERVER', message)
    events.emit({ type: 'unmanaged-server', message })
    process.emitWarning(message, { code: 'SHELLFLIP_UNMANAGED_SERVER' })
  }

  /** Reports an exit before this process serves. The usual cause is EADDRINUSE of a server that the program binds itself. */
  exit(): void {
    const message = ownCallsFault()
    if (message !== undefined) this.#parts.predecessor.refuse(message)
    this.abandon()
  }

  /**
   * Removes the paths when this process exits while it serves, without a successor. The next instance finds the stored sockets in the
   * store, so their paths stay.
   */
  vacate(): void {
    const { carrier, upgradeSocket } = this.#parts
    if (carrier.keepers.length === 0) {
      this.sockets.close()
      upgradeSocket.vacate()
    }
    this.end()
  }

  /** Gives the service up, because this process never serves. Nothing of it keeps the process alive, and none of its own paths is left. */
  abandon(): void {
    this.sockets.stopAccepting()
    this.#pidFile?.abandon()
    this.end()
    // The error to report is the one that made this process abandon the service.
    this.close().catch(() => {})
  }

  /** Returns copies of what the next process gets. The caller closes them after the handover. */
  offered(): OfferedFd[] {
    const { older } = this.#parts
    const copies: OfferedFd[] = []
    try {
      for (const offered of [...this.sockets.offered(), ...older.offered()]) {
        copies.push({ ...offered, fd: offered.fd.dup() })
      }
      return [...copies, ...this.#parts.upgradeSocket.offered()]
    } catch (error) {
      closeAll(copies.map(({ fd }) => fd))
      throw error
    }
  }

  state(): OfferedState<unknown> | undefined {
    return savedState(this.#parts.options)
  }

  /**
   * Leaves everything to the next process: a successor that serves, or an instance that finds it in the store. Until that one serves,
   * connections wait. Resolves when no client waits for our answer.
   */
  async leave(): Promise<void> {
    this.sockets.leave()
    await this.#parts.upgradeSocket.leave()
  }

  /** Closes everything, because no process serves after this one. Resolves when no client waits for our answer. */
  async close(): Promise<void> {
    this.sockets.close()
    await this.#parts.upgradeSocket.close()
  }

  /** Removes the pid file, because none of this process's work is left. */
  end(): void {
    this.#pidFile?.remove()
  }

  /** Saves the state after the drain, so that it has the changes of the last requests. */
  async saveInStore(store: FdStore): Promise<void> {
    const { manager, events } = this.#parts
    const state = this.state()
    try {
      if (state !== undefined) await store.saveState(state, { onProgress: () => manager.progress() })
      await store.settled()
    } catch (error) {
      process.exitCode ||= 1
      events.emit({ type: 'state-not-saved', error })
    }
  }

  #socketsChanged(): void {
    this.#keepSockets().catch((error) => this.#parts.events.emit({ type: 'manager-not-told', error }))
  }

  async #keepSockets(): Promise<void> {
    const { keepers } = this.#parts.carrier
    if (keepers.length === 0) return
    const sockets = this.offered()
    try {
      for (const keeper of keepers) await keeper.keepSockets(sockets)
    } finally {
      closeAll(sockets.map(({ fd }) => fd))
    }
  }
}

/** Returns what to do about an address that the program binds itself. */
function ownCallsFault(): string | undefined {
  const call = ownCall()
  return (
    call &&
    `the program calls ${call} itself. Two versions cannot both have that address during an upgrade. ` +
      'Pass the server to flip.listen(), or the UDP socket to flip.bind(). ' +
      'A server that only this process uses can listen on port 0, or start after flip.ready().'
  )
}
