import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { checkOneOf, checkOptions } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

/** Many may hold a shared lock at once, one an exclusive one. */
export type LockMode = 'exclusive' | 'shared'

const firstDelayMs = 1
const longestDelayMs = 50

/**
 * Takes the flock(2) lock of an open file, if it is free now. The lock belongs to the open file description, which a dup and a passed or
 * inherited descriptor share. The kernel releases it when the last of them is closed, by a crash too.
 *
 * @param mode a change of the mode while the lock is held is not atomic: another process may get the lock in between
 * @returns whether it is held now
 */
export function tryLock(fd: number, mode: LockMode = 'exclusive'): boolean {
  checkOneOf('mode', mode, ['exclusive', 'shared'])
  const result = native.lock(checkDescriptor(fd), mode === 'exclusive' ? 1 : 0)
  if (result === -constants.errno.EWOULDBLOCK) return false
  checked(result, 'flock')
  return true
}

/**
 * Takes the lock as {@link tryLock} does, and waits until it is free. The order of the waiting processes is not kept.
 *
 * @param options `signal` ends the wait with its reason
 */
export async function lock(
  fd: number,
  mode: LockMode = 'exclusive',
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  checkOptions('lock()', options, { signal: 'AbortSignal' })
  // The kernel reports the release of a flock only to a thread that blocks in flock(2). Such a thread cannot be aborted, and would occupy
  // one of the four threads of libuv's pool. So this polls, more and more slowly.
  let delayMs = firstDelayMs
  while (true) {
    options.signal?.throwIfAborted()
    if (tryLock(fd, mode)) return
    await delay(delayMs, undefined, options.signal ? { signal: options.signal } : {}).catch(
      (error: unknown) => {
        throw options.signal?.reason ?? error
      },
    )
    delayMs = Math.min(delayMs * 2, longestDelayMs)
  }
}

/** Releases the lock, for all who share the open file. */
export function unlock(fd: number): void {
  checked(native.unlock(checkDescriptor(fd)), 'flock')
}
