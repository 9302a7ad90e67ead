import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SweptPathWatch } from '@shellflip/internal'
import type { RollingSupervisor } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import { findOrphans } from './find-orphans.ts'
import { GenerationRecord, type RecordedGeneration, type RecordedListener } from './generation-record.ts'
import type { LeftBehind } from './left-behind.ts'
import { lookUpProcess } from './process-table.ts'

export type RecordKeeperOptions = {
  left: LeftBehind
  listeners: readonly RecordedListener[]
  /** The present folder of the notify sockets. */
  directory: { readonly path: string }
  logger: Logger
}

/** Notes the generations of this procroll, and what a killed one left, until they end. */
export class RecordKeeper implements Disposable {
  readonly #record: GenerationRecord
  readonly #left: LeftBehind
  #listeners: readonly RecordedListener[]
  readonly #watch: SweptPathWatch
  readonly #directory: { readonly path: string }
  /** Each generation, from before its spawn to its exit. A generation that was given up stays. */
  readonly #generations = new Map<number, RecordedGeneration>()

  constructor(path: string, { left, listeners, directory, logger }: RecordKeeperOptions) {
    this.#left = left
    this.#listeners = listeners
    this.#directory = directory
    this.#record = new GenerationRecord(path, (error) => {
      const message = 'cannot record the generations: if procroll is killed, the next one will not find them'
      logger.log('WARN', message, { error: error.message })
    })
    this.note()
    this.#watch = new SweptPathWatch(dirname(path), () => existsSync(dirname(path)) && this.note())
  }

  /** Notes a generation before it is spawned: procroll could be killed before it knows the pid. */
  expect(generation: number, notifySocket: string): void {
    this.#generations.set(generation, { generation, notifySocket })
    this.note()
  }

  follow(supervisor: RollingSupervisor): void {
    supervisor.onEvent((event) => {
      switch (event.type) {
        case 'generation-started':
          this.#update(event.generation, { ...mainOf(event.pid), group: event.pid })
          break
        case 'generation-main-pid':
          this.#update(event.generation, mainOf(event.pid))
          break
        case 'generation-exited':
          this.#generations.delete(event.generation)
          this.note()
          break
      }
    })
  }

  /** Writes the record, also after a sweeper removed it. */
  note(): void {
    const { generations, listeners, notifyDirectories } = this.#left.recorded
    // A socket that was taken over is in both.
    const own = this.#listeners.filter(({ inode }) => !listeners.some((left) => left.inode === inode))
    this.#record.note({
      notifyDirectories: [
        ...new Set([...notifyDirectories, ...this.#ownDirectories(), this.#directory.path]),
      ],
      listeners: [...listeners, ...own],
      generations: [...generations, ...this.#generations.values()],
    })
  }

  /** Leaves the record only for what still runs: orphans that were not replaced, and generations that could not be ended. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
    if (this.#generations.size === 0) this.#listeners = []
    const isGivenUp = findOrphans([...this.#generations.values()]).length > 0
    if (isGivenUp || this.#left.orphans().length > 0) this.note()
    else this.#record.remove()
  }

  #ownDirectories(): string[] {
    return [...this.#generations.values()].map(({ notifySocket }) => dirname(notifySocket))
  }

  #update(generation: number, found: Partial<RecordedGeneration>): void {
    const noted = this.#generations.get(generation)
    if (noted !== undefined) this.#generations.set(generation, { ...noted, ...found })
    this.note()
  }
}

function mainOf(pid: number): Pick<RecordedGeneration, 'pid' | 'startedAt'> {
  const startedAt = lookUpProcess(pid)?.startedAt
  return startedAt === undefined ? {} : { pid, startedAt }
}
