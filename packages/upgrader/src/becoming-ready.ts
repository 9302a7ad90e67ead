import { messageOf } from '@shellflip/internal'
import { ListenersError } from '@shellflip/listeners'
import { releaseGivenLock } from './admit-upgrade.ts'
import type { FlipLife } from './flip-life.ts'
import type { FlipParts } from './flip-parts.ts'
import { prepareNext } from './prepare-next.ts'
import type { ServiceResources } from './service-resources.ts'
import { sharedSignals } from './shared-signals.ts'
import { ShellflipError } from './shellflip-error.ts'

/** Takes this process from its start to the moment where it serves. */
export class BecomingReady {
  readonly #parts: FlipParts
  readonly #life: FlipLife
  readonly #resources: ServiceResources
  #readying: Promise<void> | undefined
  #isActivating = false

  constructor(parts: FlipParts, life: FlipLife, resources: ServiceResources) {
    this.#parts = parts
    this.#life = life
    this.#resources = resources
  }

  /** Resolves when it has become ready, or has failed to. */
  async settled(): Promise<void> {
    await this.#readying?.catch(() => {})
  }

  /** Waits while it begins to serve. A client of the control socket reaches this process a moment before it serves. */
  async activated(): Promise<void> {
    if (this.#isActivating) await this.settled()
  }

  /**
   * Becomes ready, as `flip.ready()` promises.
   *
   * @throws {ShellflipError} ERR_CALLED_TWICE if it was called before
   * @throws {unknown} if it does not become ready. `flip.ready()` rejects with the same value
   */
  async begin(): Promise<void> {
    if (this.#readying !== undefined)
      throw new ShellflipError('ERR_CALLED_TWICE', 'flip.ready() was called before. Call it once.')
    this.#readying = this.#becomeReady()
    return this.#readying
  }

  async #becomeReady(): Promise<void> {
    const { predecessor, manager } = this.#parts
    const lock = predecessor.lock()
    try {
      await this.#resources.prepare()
      this.#checkNotStopped()
      const connections = predecessor.connections()
      const state = await predecessor.ready(() => this.#activate())
      void this.#resources.connections.takeFrom(connections)
      this.#life.happen('ready')
      await this.#resources.own()
      this.#checkNotStopped()
      await manager.serving()
      this.#announce(state)
    } catch (error) {
      predecessor.refuse(messageOf(error))
      // After the commit the paths are this process's own. Only a stop removes them.
      if (!predecessor.committed) this.#resources.abandon()
      if (!isOurs(error)) this.#checkNotStopped(error)
      throw error
    } finally {
      releaseGivenLock(lock, this.#parts.options.lock)
    }
  }

  /** @throws {Error} if something could not begin to serve, and the predecessor can still continue */
  async #activate(): Promise<void> {
    this.#isActivating = true
    try {
      await this.#resources.accept()
    } catch (error) {
      if (!this.#parts.predecessor.committed) throw error
      this.#parts.events.emit({ type: 'activation-failed', step: 'accept', error })
    }
  }

  #announce(state: 'none' | 'draining' | 'gone'): void {
    const { predecessor, events, options, parent } = this.#parts
    parent?.ready()
    void prepareNext(this.#parts, this.#life)
    for (const shared of sharedSignals([...options.upgradeSignals, ...options.stopSignals])) {
      events.emit({ type: 'signal-shared', ...shared })
    }
    if (state === 'none') {
      events.emit({ type: 'ready' })
      return
    }
    events.emit({ type: 'ready', predecessor: { pid: predecessor.identity?.pid, state } })
    void predecessor.gone.then(() => events.emit({ type: 'predecessor-exited' }))
  }

  #checkNotStopped(cause?: unknown): void {
    if (this.#life.phase !== 'stopping' && this.#life.phase !== 'over') return
    throw new ShellflipError('ERR_STOPPED', 'this process was stopped before it was ready', { cause })
  }
}

/** Reports whether the error names a mistake. A stop does not change that. */
function isOurs(error: unknown): boolean {
  return error instanceof ShellflipError || error instanceof ListenersError
}
