import { readlinkSync } from 'node:fs'
import type { OwnedFd } from '@shellflip/fd-passing'
import { closeAll } from '@shellflip/fd-passing'
import { UpgradeLock, type UpgradeLockError } from '@shellflip/upgrade-lock'
import type { UpgradeOutcome } from './outcome.ts'

export type Admission =
  | { type: 'admitted'; lock: UpgradeLock | undefined }
  | Extract<UpgradeOutcome, { type: 'refused' }>

export type LockFile = {
  readonly path: string
  /**
   * The program names it, and so it is relied on. The default one stands beside the control socket, where this process may not write:
   * after setuid, on a read-only disk. Then this process's own state holds that one upgrade happens at a time.
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

/** Unlike a lock file that another user, or something else than a file, is in the place of. */
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
    // Its file cannot be removed; it is free all the same, and who asks next finds it so.
  }
}

/** The successor holds it. */
export function leaveLock(lock: UpgradeLock | undefined): void {
  try {
    lock?.leave()
  } catch (error) {
    process.emitWarning(error as Error)
  }
}

/** The predecessor's, which a successor has held since it was given: that upgrade is over. */
export function releaseGivenLock(fd: OwnedFd | undefined, file: LockFile | undefined): void {
  if (fd === undefined) return
  // The predecessor's may be at another path: this version has moved its control socket.
  for (const path of [file?.path, pathOf(fd)]) if (path !== undefined) releaseAt(path, fd)
  closeAll([fd])
}

function releaseAt(path: string, fd: OwnedFd): void {
  try {
    if (!fd.closed) UpgradeLock.adopt(fd, { path }).release()
  } catch {
    // It is another file. This process may serve already, and so nothing here is a reason to fail.
  }
}

/** Undefined without /proc: the lock goes with the predecessor, and its file stays. */
function pathOf({ fd }: OwnedFd): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}
