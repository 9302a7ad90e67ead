import { readlinkSync } from 'node:fs'
import { closeAll, type OwnedFd } from '@shellflip/fd-passing'
import { UpgradeLock, type UpgradeLockError } from '@shellflip/upgrade-lock'
import type { UpgradeOutcome } from './outcome.ts'

export type Admission =
  | { type: 'admitted'; lock: UpgradeLock | undefined }
  | Extract<UpgradeOutcome, { type: 'refused' }>

export type LockFile = {
  readonly path: string
  /**
   * Whether the program named the lock file, and so relies on it. The default file is beside the control socket. This process may be unable
   * to write there: after setuid, or on a read-only disk. Then only the state of this process allows one upgrade at a time.
   */
  readonly required: boolean
}

/** Lets one upgrade happen at a time, across processes. */
export function admitUpgrade(file: LockFile | undefined): Admission {
  if (file === undefined) return { type: 'admitted', lock: undefined }
  const { path, required } = file
  try {
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'acquired') return { type: 'admitted', lock: outcome.lock }
    const { holder } = outcome
    const by = holder === undefined ? 'another process' : `pid ${holder.pid} since ${holder.since.toJSON()}`
    return {
      type: 'refused',
      reason: 'in-progress',
      message: `an upgrade is in progress: ${path} is held by ${by}`,
    }
  } catch (error) {
    if (!required && cannotMakeFile(error)) return { type: 'admitted', lock: undefined }
    return {
      type: 'refused',
      reason: 'lock-failed',
      message: `lockFile cannot be used: ${(error as Error).message}`,
    }
  }
}

/**
 * Reports whether the lock file cannot be made. A path that holds another user's file, or something else than a file, is a different
 * failure.
 */
function cannotMakeFile(error: unknown): boolean {
  const { cause } = error as UpgradeLockError
  const { errno, code } = (cause ?? {}) as { errno?: unknown; code?: unknown }
  return unwritable.has(errno) || unwritable.has(code)
}

const unwritable = new Set<unknown>(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOSPC', 'EDQUOT'])

export function releaseLock(lock: UpgradeLock | undefined): void {
  try {
    lock?.release()
  } catch {
    // Its file cannot be removed. The lock is free all the same, and the next request finds it free.
  }
}

/** Leaves the lock to the successor, which holds it. */
export function leaveLock(lock: UpgradeLock | undefined): void {
  try {
    lock?.leave()
  } catch (error) {
    process.emitWarning(error as Error)
  }
}

/** Releases the predecessor's lock, which this successor has held since the handover. That upgrade is over. */
export function releaseGivenLock(fd: OwnedFd | undefined, file: LockFile | undefined): void {
  if (fd === undefined) return
  // The predecessor's lock may be at another path, because this version has moved its control socket.
  for (const path of [file?.path, pathOf(fd)]) if (path !== undefined) releaseAt(path, fd)
  closeAll([fd])
}

function releaseAt(path: string, fd: OwnedFd): void {
  try {
    if (!fd.closed) UpgradeLock.adopt(fd, { path }).release()
  } catch {
    // It is another file. This process may already serve, so a failure here must not stop it.
  }
}

/** Returns undefined without /proc. The lock then ends with the predecessor, and its file stays. */
function pathOf({ fd }: OwnedFd): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}
