import { ftruncateSync, readSync, writeSync } from 'node:fs'

/** Who holds the lock. */
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
    // A full disk, mostly: the lock holds without its note, and whoever asks is told that the holder is unknown.
  }
}

/** Tells whether the file holds a note of ours, and nothing else. */
export function isNote(fd: number): boolean {
  return readNote(fd) !== undefined
}

/** What the lock file says, or undefined if that is torn, of another program, or not written yet. */
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
