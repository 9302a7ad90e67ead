import { basename } from 'node:path'
import { adoptedChildren } from '@shellflip/fd-passing'
import type { SupervisorEvent } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import { type EndingOptions, endOrphans } from './end-orphans.ts'
import type { Orphan } from './find-orphans.ts'
import { lookUpProcess } from './process-table.ts'
import { readProcess } from './read-process.ts'

type Options = EndingOptions & { logger: Logger }

type Start = {
  notifySocket: string
  /** The adopted processes that were there. */
  before: ReadonlySet<number>
  /** It failed before it was ready. */
  failedEarly: boolean
}

/** Each round ends what the one before has set free: a daemon of a daemon. */
const mostRounds = 20

/**
 * Ends the background processes of a generation that fails before it is ready. A program that daemonizes holds its port, and no later
 * generation could listen on it. procroll adopts such processes, because it is their subreaper.
 */
export class BackgroundProcesses {
  readonly #options: Options
  readonly #starts = new Map<number, Start>()
  #ended: Promise<void> = Promise.resolve()

  constructor(options: Options) {
    this.#options = options
  }

  /** Remembers what was there before a generation is started: it may end before its start is reported. */
  starting({ id, notifySocket }: { id: number; notifySocket: string }): void {
    this.#starts.set(id, { notifySocket, before: new Set(adoptedChildren()), failedEarly: false })
  }

  observe(event: SupervisorEvent): void {
    // A generation that was given up does not exit.
    if (event.type === 'generation-given-up') this.#starts.delete(event.generation)
    if (event.type !== 'generation-failed' && event.type !== 'generation-exited') return
    const { generation } = event
    const start = this.#starts.get(generation)
    if (start === undefined) return
    if (event.type === 'generation-failed') {
      start.failedEarly = isEarly(event.failure)
      return
    }
    this.#starts.delete(generation)
    if (start.failedEarly) {
      this.#ended = Promise.all([this.#ended, this.#end(generation, start)]).then(() => {})
    }
  }

  /** Resolves once all that was found is gone. */
  settled(): Promise<void> {
    return this.#ended
  }

  async #end(generation: number, start: Start): Promise<void> {
    const { logger } = this.#options
    try {
      for (let round = 0; round < mostRounds; round++) {
        const left = this.#find(generation, start)
        if (left.length === 0) return
        for (const {
          main: { pid },
        } of left) {
          logger.log('WARN', 'the generation left a process in the background: ending it', {
            generation,
            pid,
          })
        }
        await endOrphans(left, this.#options)
      }
    } catch (error) {
      logger.log('ERROR', 'cannot end the processes that the generation left in the background', {
        generation,
        error: (error as Error).message,
      })
    }
  }

  #find(generation: number, start: Start): Orphan[] {
    const { notifySocket } = start
    return adoptedChildren()
      .filter((pid) => !start.before.has(pid) && this.#isLeftBy(start, pid))
      .flatMap((pid) => {
        const entry = lookUpProcess(pid)
        if (entry === undefined) return []
        const main = { pid, ...entry }
        const title = `process ${pid}, which generation ${generation} left in the background,`
        return [{ title, recorded: { generation, notifySocket }, main, groups: [], members: [main] }]
      })
  }

  /**
   * The notify socket in its environment names its generation. Some daemons (redis, nginx) write their title over the
   * environment. Such a process belongs to this generation only if no other generation lives.
   */
  #isLeftBy(start: Start, pid: number): boolean {
    const found = readProcess(pid)
    if (found === undefined || isOfContainer(found)) return false
    if (found.notifySocket !== undefined) return found.notifySocket === start.notifySocket
    return this.#starts.size === 0
  }
}

function isEarly(failure: Extract<SupervisorEvent, { type: 'generation-failed' }>['failure']): boolean {
  return failure.type === 'exited' ? failure.beforeReady : failure.type !== 'hung'
}

/**
 * A container engine's processes that serve other containers as well, or exit by themselves. The engine's other processes run in their
 * own namespaces.
 */
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
