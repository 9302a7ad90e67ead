export type { Holder } from './holder-note.ts'
export type { UpgradeLockEvent } from './lock-watch.ts'
export { type AcquireOptions, type AcquireOutcome, type LockPath, UpgradeLock } from './upgrade-lock.ts'
export { UpgradeLockError, type UpgradeLockErrorCode } from './upgrade-lock-error.ts'
