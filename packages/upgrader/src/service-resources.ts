import { closeAll } from '@shellflip/fd-passing'
import type { FdStore } from '@shellflip/fd-store'
import type { HandoverChannel, OfferedSocket, OfferedState } from '@shellflip/handover'
import { wholeTurn } from '@shellflip/internal'
import { forgetOwnCalls, Listeners, ownCall } from '@shellflip/listeners'
import type { Carrier } from './carrier/carrier.ts'
import { OpenConnections } from './connections/open-connections.ts'
import type { UpgradeSocket } from './control-socket/upgrade-socket.ts'
import type { ActivationStep, FlipEvent } from './flip-events.ts'
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
  /** Where clients ask this process for an upgrade, from the moment on that it serves. */
  readonly upgradeSocket: UpgradeSocket
  readonly emit: (event: FlipEvent) => void
}

/** All that this process has of the service, and that whoever comes next shall have. */
export class ServiceResources {
  readonly sockets: Listeners
  readonly connections: OpenConnections
  readonly #parts: ServiceParts
  readonly #pidFile: PidFile | undefined

  constructor(parts: ServiceParts) {
    const { options, predecessor, emit } = parts
    this.#parts = parts
    this.sockets = new Listeners(predecessor, () => this.#socketsChanged())
    this.connections = new OpenConnections(emit)
    this.#pidFile = options.pidFile === undefined ? undefined : new PidFile(options.pidFile)
  }

  /**
   * Does all that can fail before the commit. In the end the event loop turns once, with everything else settled: an error that Node has
   * queued comes up now. What the program did meanwhile is checked after that.
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
   * Begins to serve, beside the predecessor, which can still go on alone. Errors that Node queues for the next turn come up before this
   * resolves.
   *
   * @throws what could not begin; all else has begun
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

  /** Nobody else serves from now on: what the predecessor had is this process's own. Each step stands alone, and a failure is an event. */
  async own(): Promise<void> {
    const { carrier, upgradeSocket } = this.#parts
    forgetOwnCalls()
    await this.#alone('unwanted-paths', () => this.sockets.own())
    await this.#alone('socket-modes', () => this.sockets.setModes())
    await this.#alone('control-socket', () => upgradeSocket.own())
    for (const keeper of carrier.keepers) await this.#alone('stored-state', () => keeper.dropState())
  }

  /** A successor came to nothing, and this process serves on. */
  async takeBack(): Promise<void> {
    await this.#alone('pid-file', () => this.#pidFile?.restore())
  }

  async #alone(step: ActivationStep, act: () => unknown): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#parts.emit({ type: 'activation-failed', step, error })
    }
  }

  /** Two generations cannot both bind an address: one that the program binds itself, the next generation cannot have. */
  #checkOwnCalls(): void {
    const { predecessor, emit } = this.#parts
    const message = ownCallsFault()
    if (message === undefined) return
    if (predecessor.identity !== undefined) throw new ShellflipError('ERR_UNMANAGED_SERVER', message)
    emit({ type: 'unmanaged-server', message })
    process.emitWarning(message, { code: 'SHELLFLIP_UNMANAGED_SERVER' })
  }

  /** This process ends before it serves: by the EADDRINUSE of a server that the program binds itself, mostly. */
  exit(): void {
    const message = ownCallsFault()
    if (message !== undefined) this.#parts.predecessor.refuse(message)
    this.abandon()
  }

  /** This process ends amid its service, and nobody follows. The next instance finds in the store what lies there, so those paths stay. */
  vacate(): void {
    const { carrier, upgradeSocket } = this.#parts
    if (carrier.keepers.length === 0) {
      this.sockets.close()
      upgradeSocket.vacate()
    }
    this.end()
  }

  /** This process never serves: nothing of it keeps it alive, and no path of its own is left. */
  abandon(): void {
    this.sockets.stopAccepting()
    this.#pidFile?.abandon()
    this.end()
    // What made this process abandon the service is the error to report.
    this.close().catch(() => {})
  }

  /** What whoever comes next gets: copies, to be closed when they were given. */
  offered(): OfferedSocket[] {
    const { older } = this.#parts
    const copies: OfferedSocket[] = []
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
    await this.#parts.upgradeSocket.close()
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
    await this.#parts.upgradeSocket.leave()
  }

  #socketsChanged(): void {
    this.#keepSockets().catch((error) => this.#parts.emit({ type: 'manager-not-told', error }))
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

/** Tells what to do about an address that the program binds itself. */
function ownCallsFault(): string | undefined {
  const call = ownCall()
  return (
    call &&
    `the program calls ${call} itself. Two versions cannot both have that address during an upgrade. ` +
      'Pass the server to flip.listen(), or the UDP socket to flip.bind(). ' +
      'A server that only this process uses can listen on port 0, or start after flip.ready().'
  )
}
