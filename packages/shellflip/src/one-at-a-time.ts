import type { OwnedFd } from '@shellflip/fd-passing'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import { closeAll } from './close-all.ts'
import type { UpgradeOutcome } from './outcome.ts'

export type Admission =
  | { type: 'admitted'; lock: UpgradeLock | undefined }
  | Extract<UpgradeOutcome, { type: 'refused' }>

/** One upgrade at a time, across processes: without a lock file only this process's own state holds that. */
export function admitUpgrade(path: string | undefined): Admission {
  if (path === undefined) return { type: 'admitted', lock: undefined }
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
    return { type: 'refused', reason: 'lock-failed', message: (error as Error).message }
  }
}

export function releaseLock(lock: UpgradeLock | undefined): void {
  try {
    lock?.release()
  } catch {
    // Its file cannot be removed; it is free all the same, and who asks next finds it so.
  }
}

/** The successor holds it. */
export function leaveLock(lock: UpgradeLock | undefined): void {
  if (lock?.released === false) closeAll([lock.fd])
}

/** The predecessor's, which a successor has held since it was given: that upgrade is over. */
export function releaseGivenLock(fd: OwnedFd | undefined, path: string | undefined): void {
  if (fd === undefined) return
  try {
    if (path !== undefined) UpgradeLock.adopt(fd, { path }).release()
  } catch {
    // Of another path: then it goes with the predecessor. This process may serve already: nothing here is a reason to fail.
  }
  closeAll([fd])
}
