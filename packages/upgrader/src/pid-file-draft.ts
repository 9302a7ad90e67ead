import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_SYNC, O_WRONLY } = constants

/** Matches a draft beside the pid file: its name, the pid of its writer, and 64 unpredictable random bits. */
const draftSuffix = /^\.([1-9]\d*)\.[0-9a-f]{16}$/
const mostTries = 10
const readableByAll = 0o644

/**
 * Writes the future pid file, under a name of its own. All bytes are on the disk when it returns, so a full disk fails here and not later.
 *
 * The folder may belong to another user: a service that is about to give up root has its pid file in its user's folder. So nothing that
 * exists there is opened or followed.
 *
 * @returns the path of the draft
 * @throws {Error} if the system cannot write it. No draft is left then
 */
export function writeDraft(path: string): string {
  // Loaded only here: it is the most expensive module of Node, and few services have a pid file.
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  for (let tries = 1; ; tries++) {
    const draft = `${path}.${process.pid}.${randomBytes(8).toString('hex')}`
    try {
      writeNew(draft, `${process.pid}\n`)
      return draft
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === mostTries) throw error
    }
  }
}

function writeNew(path: string, text: string): void {
  // O_SYNC does what fsync() would do. Node's permission model refuses fsync().
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_SYNC
  const fd = openSync(path, flags, readableByAll)
  try {
    writeFileSync(fd, text)
    undoUmask(fd)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes the file readable whatever our umask is, because monitoring reads the pid file as another user. The descriptor can only mean this
 * file.
 */
function undoUmask(fd: number): void {
  if ((fstatSync(fd).mode & 0o777) === readableByAll) return
  try {
    fchmodSync(fd, readableByAll)
  } catch (error) {
    // The permission model refuses every fchmod(). A pid file that fewer users can read is better than none.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error
  }
}

/**
 * Removes the drafts that killed processes have left beside a pid file. It removes only regular files of our own user. Their name must say
 * that they are a draft of this pid file, and their writer must have exited.
 */
export function removeLeftDrafts(path: string): void {
  try {
    const folder = dirname(path)
    for (const name of readdirSync(folder)) {
      if (isLeftDraft(join(folder, name), name, basename(path))) rmSync(join(folder, name), { force: true })
    }
  } catch {
    // We may not list or write the folder. The write of the pid file shows whether that matters.
  }
}

function isLeftDraft(path: string, name: string, pidFileName: string): boolean {
  if (!name.startsWith(pidFileName)) return false
  const [, pid] = draftSuffix.exec(name.slice(pidFileName.length)) ?? []
  if (pid === undefined || !isGone(Number(pid))) return false
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.uid === process.geteuid?.()
}

/**
 * Reports whether the writer of a draft has exited. In a container each start may have the same pid. So a draft with our pid that we did
 * not write is left over as well.
 */
function isGone(pid: number): boolean {
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
