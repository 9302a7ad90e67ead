import { removeLeftNotifyDirectory } from '../launch/notify-directory.ts'
import { type EndingOptions, endOrphans } from './end-orphans.ts'
import { findOrphans, type Orphan } from './find-orphans.ts'
import type { GenerationsRecord, RecordedGeneration, RecordedListener } from './generation-record.ts'

/** Holds what a killed procroll left: generations that still serve, their sockets, and the folders of their notify sockets. */
export class LeftBehind {
  static readonly nothing = new LeftBehind(
    { generations: [], listeners: [], notifyDirectories: [] },
    { signal: 'SIGTERM', timeoutMs: 0, hurry: new AbortController().signal },
  )

  readonly #ending: EndingOptions
  #notifyDirectories: string[]
  #listeners: RecordedListener[]
  #generations: RecordedGeneration[]
  #ended: Promise<void> | undefined

  constructor(
    { generations, listeners, notifyDirectories }: Omit<GenerationsRecord, 'supervisor'>,
    ending: EndingOptions,
  ) {
    this.#generations = generations
    this.#listeners = listeners
    this.#notifyDirectories = notifyDirectories
    this.#ending = ending
  }

  /** Returns those that still run. */
  orphans(): Orphan[] {
    return this.#generations.length === 0 ? [] : findOrphans(this.#generations)
  }

  /** Returns what the record of the next procroll repeats until they have exited. */
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
   * @throws {ProcrollError} ERR_ORPHANS if the system forbids it
   */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    await endOrphans(this.orphans(), this.#ending)
    for (const path of this.#notifyDirectories) removeLeftNotifyDirectory(path)
    this.#generations = []
    this.#listeners = []
    this.#notifyDirectories = []
  }
}
