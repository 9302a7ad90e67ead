import { basename, join } from 'node:path'
import { adoptedChildren } from '@shellflip/fd-passing'
import type { RollingSupervisor, SupervisorEvent } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import { type EndingOptions, endOrphans } from './end-orphans.ts'
import { lookUpProcess } from './process-table.ts'
import { readProcess } from './read-process.ts'

type Options = EndingOptions & { notifyDirectory: string; logger: Logger }
type Generations = Pick<RollingSupervisor, 'status'>

/** Each round ends what the one before has set free: a daemon of a daemon. */
const mostRounds = 20

/**
 * Ends what a generation leaves in the background when it exits with 0 before it is ready: a program that daemonizes holds its port,
 * and no later generation can have it. procroll adopts such processes, for it is their subreaper.
 */
export class LeftBehind {
  readonly #supervisor: Generations
  readonly #options: Options
  /** The adopted processes that were there when each generation was started. */
  readonly #before = new Map<number, ReadonlySet<number>>()
  readonly #exitedEarly = new Set<number>()
  #ended: Promise<void> = Promise.resolve()

  constructor(supervisor: Generations, options: Options) {
    this.#supervisor = supervisor
    this.#options = options
  }

  observe(event: SupervisorEvent): void {
    if (event.type === 'generation-started') this.#before.set(event.generation, new Set(adoptedChildren()))
    if (event.type === 'generation-failed' && isEarlyExit(event.failure))
      this.#exitedEarly.add(event.generation)
    if (event.type !== 'generation-exited') return
    const { generation } = event
    const before = this.#before.get(generation)
    this.#before.delete(generation)
    if (this.#exitedEarly.delete(generation) && before !== undefined) {
      this.#ended = Promise.all([this.#ended, this.#end(generation, before)]).then(() => {})
    }
  }

  /** Resolves once all that was found is gone. */
  settled(): Promise<void> {
    return this.#ended
  }

  async #end(generation: number, before: ReadonlySet<number>): Promise<void> {
    const { logger } = this.#options
    try {
      for (let round = 0; round < mostRounds; round++) {
        const left = this.#find(generation, before)
        if (left.length === 0) return
        for (const { pid } of left) {
          logger.log('WARN', 'the generation left a process in the background: it is ended', {
            generation,
            pid,
          })
        }
        await endOrphans(left, this.#options)
      }
    } catch (error) {
      logger.log('ERROR', 'what the generation left in the background cannot be ended', {
        generation,
        error: (error as Error).message,
      })
    }
  }

  #find(generation: number, before: ReadonlySet<number>) {
    return adoptedChildren()
      .filter((pid) => !before.has(pid) && this.#isLeftBy(generation, pid))
      .flatMap((pid) => {
        const startedAt = lookUpProcess(pid)?.startedAt
        return startedAt === undefined ? [] : [{ generation, pid, startedAt }]
      })
  }

  /**
   * The notify socket in its environment names its generation. Some daemons (redis, nginx) write their title over the environment:
   * then it is this generation's only if no other one lives.
   */
  #isLeftBy(generation: number, pid: number): boolean {
    const found = readProcess(pid)
    if (found === undefined || isOfContainer(found)) return false
    if (found.notifySocket !== undefined) {
      return found.notifySocket === join(this.#options.notifyDirectory, `${generation}.sock`)
    }
    const { generations } = this.#supervisor.status()
    return generations.every(({ id, pid: other }) => id === generation || other === 0)
  }
}

function isEarlyExit(failure: Extract<SupervisorEvent, { type: 'generation-failed' }>['failure']): boolean {
  return failure.type === 'exited' && failure.beforeReady && failure.code === 0
}

/** What a container engine leaves serves other containers as well, or ends its own. All of it has namespaces of its own, but for these. */
const containerTools = new Set([
  'conmon',
  'podman',
  'crun',
  'runc',
  'catatonit',
  'pasta',
  'slirp4netns',
  'aardvark-dns',
])

function isOfContainer({ name, sharesNamespaces }: { name: string; sharesNamespaces: boolean }): boolean {
  return !sharesNamespaces || containerTools.has(basename(name))
}
