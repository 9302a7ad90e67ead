import { removeLeftNotifyDirectory } from '../launch/notify-directory.ts'
import { type EndingOptions, endOrphans } from './end-orphans.ts'
import { findOrphans, type Orphan } from './find-orphans.ts'
import type { GenerationsRecord, RecordedGeneration, RecordedListener } from './generation-record.ts'

/** What a killed procroll left: generations that serve on, their sockets, and the folders of their notify sockets. */
export class LeftBehind {
  static readonly nothing = new LeftBehind(
    { generations: [], listeners: [], notifyDirectories: [] },
    { signal: 'SIGTERM', timeoutMs: 0, hurry: new AbortController().signal },
  )

  readonly #notifyDirectories: string[]
  readonly #listeners: readonly RecordedListener[]
  readonly #ending: EndingOptions
  #generations: readonly RecordedGeneration[]
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

  /** What the record of the next procroll repeats, until they have ended. */
  get recorded(): { generations: readonly RecordedGeneration[]; notifyDirectories: readonly string[] } {
    return { generations: this.#generations, notifyDirectories: this.#notifyDirectories }
  }

  /** Names the sockets that they may have. */
  get listeners(): readonly RecordedListener[] {
    return this.#listeners
  }

  /**
   * Ends them, once: the stop signal, time to drain, SIGKILL.
   *
   * @throws ProcrollError `ERR_ORPHANS` where the system forbids it
   */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    await endOrphans(this.orphans(), this.#ending)
    for (const path of this.#notifyDirectories) removeLeftNotifyDirectory(path)
    this.#generations = []
    this.#notifyDirectories.length = 0
  }
}
