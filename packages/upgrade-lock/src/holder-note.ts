import { ftruncateSync, readSync, writeSync } from 'node:fs'

/** The process that holds the lock. */
export type Holder = {
  pid: number
  /** When that process got it. */
  since: Date
}

const longestNote = 256

/** Writes into the lock file who holds it: for people and programs to read, and nothing to rely on. */
export function writeNote(fd: number, { pid, since }: Holder): void {
  try {
    // First, so that a crash leaves no rest of an older note behind a new one.
    ftruncateSync(fd)
    writeSync(fd, `${JSON.stringify({ pid, since })}\n`, 0)
  } catch {
    // The disk is full, mostly. The lock holds without its note, and other processes see an unknown holder.
  }
}

/** Returns whether the file holds a note of this package, and nothing else. */
export function isNote(fd: number): boolean {
  return readNote(fd) !== undefined
}

/** Reads the note in the lock file. Returns undefined if it is torn, from another program, or not written yet. */
export function readNote(fd: number): Holder | undefined {
  const bytes = Buffer.alloc(longestNote + 1)
  const length = readSync(fd, bytes, 0, bytes.length, 0)
  if (length > longestNote) return undefined
  try {
    return holderOf(JSON.parse(bytes.toString('utf8', 0, length)))
  } catch {
    return undefined
  }
}

/** The state of a program may have a pid and a time as well. It has more than that. */
function holderOf(note: { pid?: unknown; since?: unknown } | null): Holder | undefined {
  const { pid, since, ...rest } = note ?? {}
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || typeof since !== 'string')
    return undefined
  const date = new Date(since)
  return Number.isNaN(date.getTime()) || Object.keys(rest).length > 0 ? undefined : { pid, since: date }
}
