import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import * as z from 'zod'
import { lookUpProcess } from './process-table.ts'

const recordSchema = z.object({
  notifyDirectory: z.string(),
  generations: z.array(z.object({ generation: z.int(), pid: z.int().min(2), startedAt: z.string() })),
})
export type RecordedGenerations = z.infer<typeof recordSchema>
export type RecordedGeneration = RecordedGenerations['generations'][number]

/**
 * What a supervisor notes of its generations, so that whoever comes after a SIGKILL finds them. It is best
 * effort: `onProblem` hears that the disk is full, and the service goes on.
 */
export class GenerationRecord {
  readonly #path: string
  readonly #notifyDirectory: string
  readonly #onProblem: (error: Error) => void
  #written = ''

  constructor(path: string, notifyDirectory: string, onProblem: (error: Error) => void) {
    this.#path = path
    this.#notifyDirectory = notifyDirectory
    this.#onProblem = onProblem
  }

  /** Replaces what is noted, in one step: a reader finds the former record or this one, whole. */
  note(generations: readonly { id: number; pid: number }[]): void {
    const temporary = `${this.#path}.${process.pid}`
    try {
      const text = JSON.stringify({
        notifyDirectory: this.#notifyDirectory,
        generations: generations.flatMap(recorded),
      } satisfies RecordedGenerations)
      if (text === this.#written) return
      writeFileSync(temporary, `${text}\n`, { mode: 0o600 })
      renameSync(temporary, this.#path)
      this.#written = text
    } catch (error) {
      rmSync(temporary, { force: true })
      this.#onProblem(error as Error)
    }
  }

  /** All ended as it should: nobody needs to look for anything. */
  remove(): void {
    rmSync(this.#path, { force: true })
  }
}

function recorded({ id, pid }: { id: number; pid: number }): RecordedGeneration[] {
  const startedAt = lookUpProcess(pid)?.startedAt
  return startedAt === undefined ? [] : [{ generation: id, pid, startedAt }]
}

/**
 * What a killed supervisor left noted, if it did. Its pids will be signalled, so it counts only if it is ours
 * alone.
 *
 * @throws Error where it cannot be read, or is no such record
 */
export function readRecord(path: string): RecordedGenerations | undefined {
  const text = readOwnFile(path)
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text))
}

function readOwnFile(path: string): string | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.uid !== process.geteuid?.() || (stats.mode & 0o022) !== 0) {
      throw new Error('others could have written it')
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}
