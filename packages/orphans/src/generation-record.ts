import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { lookUpProcess, privateFolderFault, type ShapeOf, shape } from '@shellflip/internal'

const { arrayOf, integer, object, optional, string } = shape

const generationSchema = object({
  generation: integer(),
  /** Every process of the generation has this path in its environment. It identifies them while the pid is unknown. */
  notifySocket: string,
  /** Its main process. Missing where the supervisor was killed while it started the generation. */
  pid: optional(integer(2)),
  startedAt: optional(string),
  /** The process group that it leads. */
  group: optional(integer(2)),
})

const listenerSchema = object({
  /** The address that it serves. */
  key: string,
  /** The options that it was bound with, and that cannot change. */
  fixed: string,
  /** The socket, as /proc/PID/fd names it. */
  inode: integer(),
  /** The file at its path, if it has one. */
  file: optional(string),
})

const recordSchema = object({
  /** The supervisor that wrote the record. While it lives, the generations are its own. */
  supervisor: object({ pid: integer(1), startedAt: string }),
  /** The folders of notify sockets to remove. */
  notifyDirectories: arrayOf(string),
  listeners: arrayOf(listenerSchema),
  generations: arrayOf(generationSchema),
})
export type GenerationsRecord = ShapeOf<typeof recordSchema>
export type RecordedGeneration = ShapeOf<typeof generationSchema>
export type RecordedListener = ShapeOf<typeof listenerSchema>

/**
 * Holds what a supervisor notes of its generations, so that the next one finds them after a SIGKILL. A failure to write
 * is reported once, and the service keeps running.
 */
export class GenerationRecord {
  readonly #path: string
  readonly #program: string
  readonly #onProblem: (error: Error) => void
  #written = ''
  #failed = false

  constructor(path: string, program: string, onProblem: (error: Error) => void) {
    this.#path = path
    this.#program = program
    this.#onProblem = onProblem
  }

  /** Replaces what is noted, in one step: a reader finds the former record or this one, whole. */
  note(noted: Omit<GenerationsRecord, 'supervisor'>): void {
    const temporary = temporaryOf(this.#path)
    try {
      const text = JSON.stringify({ supervisor: self(), ...noted } satisfies GenerationsRecord)
      if (text === this.#written && existsSync(this.#path)) return
      this.#checkFolder()
      if (this.#written !== '' && this.#writer() !== process.pid)
        throw new Error(`${this.#path} is the record of another ${this.#program} by now`)
      rmSync(temporary, { force: true })
      writeFileSync(temporary, `${text}\n`, { mode: 0o600, flag: 'wx' })
      renameSync(temporary, this.#path)
      this.#written = text
      this.#failed = false
    } catch (error) {
      this.#fail(error as Error, temporary)
    }
  }

  /** All ended as it should: nobody needs to look for anything. */
  remove(): void {
    try {
      this.#checkFolder()
      if (this.#writer() === process.pid) rmSync(this.#path, { force: true })
    } catch {
      // It was swept away.
    }
  }

  /** All was swept away, and another supervisor of the name came: its record is not ours to change. */
  #writer(): number {
    try {
      return readRecord(this.#path)?.supervisor.pid ?? process.pid
    } catch {
      // The content is invalid, so our record replaces it.
      return process.pid
    }
  }

  /** A sweeper may have removed the folder, and another user may have created it again. */
  #checkFolder(): void {
    const fault = privateFolderFault(dirname(this.#path))
    if (fault !== undefined) throw new Error(fault)
  }

  #fail(error: Error, temporary: string): void {
    try {
      this.#checkFolder()
      rmSync(temporary, { force: true })
    } catch {
      // The first error says what is wrong.
    }
    if (!this.#failed) this.#onProblem(error)
    this.#failed = true
  }
}

/** Names the record that is being written. The name stays the same, so the next supervisor replaces what a killed one left of it. */
export function temporaryOf(path: string): string {
  return `${path}.next`
}

function self(): GenerationsRecord['supervisor'] {
  const startedAt = lookUpProcess(process.pid)?.startedAt
  if (startedAt === undefined) throw new Error('cannot find out when a process was started. Mount /proc')
  return { pid: process.pid, startedAt }
}

/**
 * Reads what a supervisor left noted, if it did. Processes will be signalled because of it, so it counts only if nobody
 * else could have written it. Its folder was checked before.
 *
 * @throws {Error} if it cannot be read, or is not such a record
 */
export function readRecord(path: string): GenerationsRecord | undefined {
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
