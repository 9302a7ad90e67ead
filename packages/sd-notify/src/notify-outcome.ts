import type { SdNotifyError } from './errors.ts'

/**
 * What became of a message. `sent` means that the kernel put it into the manager's queue, not that the manager has
 * read it: `barrier()` waits for that. `no-manager`: nobody wants to be notified here.
 */
export type NotifyOutcome =
  | { type: 'no-manager' }
  | { type: 'sent' }
  | { type: 'failed'; error: SdNotifyError }
