import { lstatSync, mkdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'

export type PrivateFolderOptions = {
  /** Makes the folders that are missing, each with mode 0700. @default false */
  make?: boolean
}

/** The kernel follows as many (path_resolution(7)). */
const mostLinks = 40
const writableByOthers = 0o022
const sticky = 0o1000

/**
 * Returns how another user could replace the entries of a folder, or undefined if only this user and root can.
 *
 * Every user who can write an ancestor can rename the folder away and put another in its place. So we or root must own each ancestor, and
 * each symbolic link on the way, and others must not be able to write it. In a sticky ancestor such as /tmp others cannot touch our
 * entries. The folder itself must not be sticky, because every user could take a name in it that is still free.
 *
 * The check and a later use of the same path are safe together. The walk begins at the root of the file system and judges a folder before
 * it looks up the next name in it. After that check only we and root can exchange the name, so every answer on the way stays true.
 *
 * @throws {Error} if a folder is missing, is not a folder, or may not be searched
 */
export function privateFolderFault(
  folder: string,
  { make = false }: PrivateFolderOptions = {},
): string | undefined {
  const path = resolve(folder)
  const ahead = namesIn(path)
  let here = '/'
  let links = 0
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const fault = ancestorFault(here, path)
    if (fault !== undefined) return fault
    if (name === '..') {
      here = dirname(here)
      continue
    }
    const next = join(here, name)
    const stats = make ? lstatOrMake(next) : lstatSync(next)
    if (!stats.isSymbolicLink()) {
      here = next
      continue
    }
    const linkFault = ancestorOwnerFault(next, stats, path)
    if (linkFault !== undefined) return linkFault
    if (++links > mostLinks) return `${path} has more than ${mostLinks} symbolic links. Use its real path.`
    const target = readlinkSync(next)
    if (isAbsolute(target)) here = '/'
    ahead.push(...namesIn(target))
  }
  return folderFault(here)
}

/** The names in a path, the first one last. */
function namesIn(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse()
}

function lstatOrMake(path: string): Stats {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined) return found
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process has made it in the meantime. Its owner and mode are judged like those of any other folder.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return lstatSync(path)
}

function ancestorFault(path: string, folder: string): string | undefined {
  const stats = lstatSync(path)
  const fault = ancestorOwnerFault(path, stats, folder)
  if (fault !== undefined) return fault
  if ((stats.mode & writableByOthers) === 0 || (stats.mode & sticky) !== 0) return undefined
  return (
    `${path} can be written by others (mode ${octal(stats)}). They could replace ${folder}. ` +
    `Run chmod go-w ${path}, or use another folder.`
  )
}

function ancestorOwnerFault(path: string, { uid }: Stats, folder: string): string | undefined {
  if (isTrusted(uid) || isOutsideNamespace(uid)) return undefined
  return (
    `${path} belongs to uid ${uid}, which could replace ${folder}. ` +
    `Use a folder whose ancestors belong to root or to uid ${process.geteuid?.()}.`
  )
}

function folderFault(path: string): string | undefined {
  const stats = lstatSync(path)
  // Throws the system's own error: ENOTDIR.
  if (!stats.isDirectory()) lstatSync(`${path}/`)
  if (!isTrusted(stats.uid)) {
    return `${path} belongs to uid ${stats.uid}, not to root or uid ${process.geteuid?.()}. Use a folder of our own.`
  }
  if ((stats.mode & writableByOthers) === 0) return undefined
  return (
    `${path} can be written by others (mode ${octal(stats)}). ` +
    `Use a folder of its own in it, or run chmod go-w ${path}.`
  )
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

/**
 * Returns whether an owner has a uid outside our user namespace. The kernel then shows the overflow uid (user_namespaces(7)). A process
 * in the namespace cannot act as that owner. In a rootless container that owner is the root of the host, who owns / and could replace
 * everything anyway. If the namespace has a user with the overflow uid, this returns false, and that user is not trusted.
 */
function isOutsideNamespace(uid: number): boolean {
  try {
    if (uid !== Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8'))) return false
    const ranges = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n')
    return !ranges.some((range) => {
      const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number)
      return uid >= first && uid < first + count
    })
  } catch {
    // The system has no /proc, or does not support such namespaces.
    return false
  }
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8)
}
