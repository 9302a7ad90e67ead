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
  const note = `${JSON.stringify({ pid, since })}\n`
  try {
    writeSync(fd, note, 0)
    ftruncateSync(fd, Buffer.byteLength(note))
  } catch {
    // A full disk, mostly: the lock holds without its note, and whoever asks is told that the holder is unknown.
  }
}

/** What the lock file says, or undefined if that is torn, of another program, or not written yet. */
export function readNote(fd: number): Holder | undefined {
  const bytes = Buffer.alloc(longestNote)
  const length = readSync(fd, bytes, 0, longestNote, 0)
  try {
    return holderOf(JSON.parse(bytes.toString('utf8', 0, length)))
  } catch {
    return undefined
  }
}

function holderOf(note: { pid?: unknown; since?: unknown } | null): Holder | undefined {
  const { pid, since } = note ?? {}
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || typeof since !== 'string')
    return undefined
  const date = new Date(since)
  return Number.isNaN(date.getTime()) ? undefined : { pid, since: date }
}
