import type { RollingSupervisor, SupervisorExit } from '@shellflip/rolling-supervisor'
import { BackgroundProcesses } from './background-processes.ts'
import type { LeftBehind } from './left-behind.ts'
import type { HeldListeners } from './listeners/open-or-take-over.ts'
import type { Settings } from './options.ts'
import { RecordKeeper } from './record-keeper.ts'
import { Replacement } from './replace-orphans.ts'

export type KeepOptions = {
  /** The folder of the notify sockets, as `NotifySockets` has it. */
  notifySockets: { readonly path: string }
  /** The sockets that `openListeners()` has opened. @default none */
  listeners?: HeldListeners
}

/**
 * Records the generations of a supervisor for the one that comes after a SIGKILL. It ends orphans once the first generation serves, and
 * background processes that a failed start leaves.
 */
export class GenerationKeeper implements Disposable {
  readonly #record: RecordKeeper | undefined
  readonly #background: BackgroundProcesses
  readonly #replacement: Replacement

  /** Called by `Orphans.keep()`. @internal */
  constructor(left: LeftBehind, settings: Settings, { notifySockets, listeners }: KeepOptions) {
    const { record, ending, texts, onEvent } = settings
    const recorded = listeners?.recorded ?? []
    const keeping = { left, listeners: recorded, directory: notifySockets, program: texts.program, onEvent }
    this.#record = record === undefined ? undefined : new RecordKeeper(record, keeping)
    this.#background = new BackgroundProcesses(ending, onEvent)
    this.#replacement = new Replacement(left, () => this.#record?.note(), onEvent)
  }

  /** Notes a generation before it is spawned. The `command` of a supervisor calls it with its argument. */
  starting({ id, notifySocket }: { id: number; notifySocket: string }): void {
    this.#record?.expect(id, notifySocket)
    this.#background.starting({ id, notifySocket })
  }

  /** Follows the generations of a supervisor. Call it before `start()`. */
  follow(supervisor: Pick<RollingSupervisor, 'onEvent'>): void {
    supervisor.onEvent((event) => {
      this.#background.observe(event)
      this.#record?.observe(event)
      this.#replacement.observe(event)
    })
  }

  /**
   * Waits until the orphans and the background processes have ended, after the supervisor itself.
   *
   * @returns whether an orphan serves on, because no generation of this supervisor took its place
   */
  async over(exit: SupervisorExit): Promise<boolean> {
    const isOrphanLeft = await this.#replacement.over(exit)
    await this.#background.settled()
    return isOrphanLeft
  }

  /** Removes the record, unless something still runs that the next supervisor has to find. */
  [Symbol.dispose](): void {
    this.#record?.[Symbol.dispose]()
  }
}
