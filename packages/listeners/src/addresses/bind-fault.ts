import { FdPassingError } from '@shellflip/fd-passing'
import { messageOf } from '@shellflip/internal'
import { holdersOf } from './address-holder.ts'
import type { InternetAddress } from './parse-address.ts'

/** The causes of a failed bind(2), listen(2), chown(2) or look-up of a host, for people. */
const REASONS: Record<string, string> = {
  EADDRINUSE: 'the address is already in use',
  EADDRNOTAVAIL: 'the address is not on this machine',
  ENOTFOUND: 'the host is unknown',
}

const REASONS_OF: Record<'port' | 'path', Record<string, string>> = {
  port: { EACCES: 'this user may not (a port below 1024 needs CAP_NET_BIND_SERVICE)' },
  path: {
    EACCES: 'this user may not write its folder, or the lock file beside it',
    EPERM: 'this user may not change its owner (another user needs CAP_CHOWN, a group needs membership)',
    ENOENT: 'its folder does not exist',
  },
}

/** Explains why the system does not bind an address, in half a sentence. An error without an errno explains itself. */
export function bindFault(cause: unknown, kind: 'port' | 'path'): string {
  const errno = errnoOf(cause)
  const message = messageOf(cause)
  if (errno === undefined) return message
  const reason = REASONS[errno] ?? REASONS_OF[kind][errno] ?? message
  return reason.includes(errno) ? reason : `${reason} (${errno})`
}

/** Names the processes that have a port which is in use, as a further sentence. It is empty where the system does not show them. */
export function holdersFault(address: Pick<InternetAddress, 'type' | 'port'>): string {
  const holders = holdersOf(address)
  return holders.length === 0 ? '' : `. It is in use by ${holders.join(', ')}`
}

/** Returns whether another socket has the address, as the kernel reports. */
export function isInUse(cause: unknown): boolean {
  return errnoOf(cause) === 'EADDRINUSE'
}

function errnoOf(cause: unknown): string | undefined {
  return cause instanceof FdPassingError ? cause.errno : (cause as NodeJS.ErrnoException | undefined)?.code
}
