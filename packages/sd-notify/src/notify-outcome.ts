import type { SdNotifyError } from './errors.ts'

/**
 * The outcome of a message. `sent` means that the kernel put it into the manager's queue, not that the manager has read it. `barrier()`
 * waits for that. `no-manager` means that nobody is to be notified.
 */
export type NotifyOutcome =
  | { type: 'no-manager' }
  | { type: 'sent' }
  | { type: 'failed'; error: SdNotifyError }
