import { removeLeftNotifyDirectory } from '@shellflip/rolling-supervisor'
import { endOrphans } from './end-orphans.ts'
import { findOrphans, type Orphan } from './find-orphans.ts'
import type { GenerationsRecord, RecordedGeneration, RecordedListener } from './generation-record.ts'
import type { Settings } from './options.ts'

/** Holds what a killed supervisor left: generations that still serve, their sockets, and the folders of their notify sockets. */
export class LeftBehind {
  readonly #settings: Pick<Settings, 'ending' | 'texts'>
  #notifyDirectories: string[]
  #listeners: RecordedListener[]
  #generations: RecordedGeneration[]
  #ended: Promise<void> | undefined

  constructor(
    { generations, listeners, notifyDirectories }: Omit<GenerationsRecord, 'supervisor'>,
    settings: Pick<Settings, 'ending' | 'texts'>,
  ) {
    this.#generations = generations
    this.#listeners = listeners
    this.#notifyDirectories = notifyDirectories
    this.#settings = settings
  }

  /** Returns those that still run. */
  orphans(): Orphan[] {
    return this.#generations.length === 0 ? [] : findOrphans(this.#generations, this.#settings.texts.program)
  }

  /** Returns what the record of the next supervisor repeats until they have exited. */
  get recorded(): Readonly<Omit<GenerationsRecord, 'supervisor'>> {
    return {
      generations: this.#generations,
      listeners: this.#listeners,
      notifyDirectories: this.#notifyDirectories,
    }
  }

  /**
   * Ends them, once: the stop signal, time to drain, SIGKILL.
   *
   * @throws {OrphansError} ERR_ORPHAN_STAYS if the system forbids it
   */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    const { ending, texts } = this.#settings
    await endOrphans(this.orphans(), ending)
    for (const path of this.#notifyDirectories) removeLeftNotifyDirectory(path, texts.program)
    this.#generations = []
    this.#listeners = []
    this.#notifyDirectories = []
  }
}
