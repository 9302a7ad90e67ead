import type { ParsedAddress } from '@shellflip/listeners/addresses'
import type { OrphanName } from './events.ts'
import { findLeftBehind } from './find-left-behind.ts'
import { nameOf } from './find-orphans.ts'
import { GenerationKeeper, type KeepOptions } from './generation-keeper.ts'
import type { LeftBehind } from './left-behind.ts'
import { type HeldListeners, openOrTakeOver } from './listeners/open-or-take-over.ts'
import { type OrphansOptions, type Settings, settingsOf } from './options.ts'

/** The generations that a killed supervisor left, and the record by which the next supervisor would find ours. */
export class Orphans {
  readonly #left: LeftBehind
  readonly #settings: Settings

  private constructor(left: LeftBehind, settings: Settings) {
    this.#left = left
    this.#settings = settings
  }

  /**
   * Reads the record of the last supervisor, and applies the policy to the generations that it left.
   *
   * @throws {OrphansError} ERR_SUPERVISOR_ALIVE
   * @throws {OrphansError} ERR_ORPHANS_FOUND
   * @throws {OrphansError} ERR_ORPHAN_STAYS
   * @throws {OrphansError} ERR_INVALID_ARGUMENT
   */
  static async find(options: OrphansOptions): Promise<Orphans> {
    const settings = settingsOf(options)
    return new Orphans(await findLeftBehind(settings), settings)
  }

  /** Returns those that still run. */
  list(): OrphanName[] {
    return this.#left.orphans().map(nameOf)
  }

  /**
   * Opens addresses. If an orphan listens there already, both share its socket, and the orphan continues to serve. If that is impossible
   * and only orphans hold the address, they end first.
   *
   * @throws {ListenersError} ERR_CANNOT_LISTEN
   * @throws {OrphansError} ERR_ORPHAN_STAYS
   */
  openListeners(addresses: readonly ParsedAddress[]): Promise<HeldListeners> {
    return openOrTakeOver(addresses, this.#left, this.#settings.onEvent)
  }

  /** Begins to record the generations of this supervisor. Nothing is recorded without a path for the record. */
  keep(options: KeepOptions): GenerationKeeper {
    return new GenerationKeeper(this.#left, this.#settings, options)
  }

  /**
   * Ends all of them: the stop signal, time to drain, SIGKILL.
   *
   * @throws {OrphansError} ERR_ORPHAN_STAYS if the system forbids it
   */
  end(): Promise<void> {
    return this.#left.end()
  }
}
