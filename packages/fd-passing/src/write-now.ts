import { constants } from 'node:os'
import { isUint8Array } from 'node:util/types'
import { show } from '@shellflip/internal'
import { checked, invalidArgument } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

const { EAGAIN, EWOULDBLOCK } = constants.errno

/**
 * Writes the part that fits without waiting for the reader. It does not change the flags of the descriptor, because other processes may
 * share them. A pipe takes up to 4096 bytes (PIPE_BUF) whole or not at all.
 *
 * If another process fills a shared pipe at the same moment, this can still wait, on Linux before 6.4 and on macOS. A descriptor with
 * O_NONBLOCK never waits.
 *
 * @returns the number of bytes written, or 0 if nothing fits
 * @throws {FdPassingError} ERR_SYSTEM if the write fails (EPIPE, EIO …)
 */
export function writeNow(fd: number, data: Uint8Array): number {
  if (!isUint8Array(data)) throw invalidArgument(`data must be bytes (Uint8Array), not ${show(data)}`)
  const written = native.writeNow(checkDescriptor(fd), data)
  if (written === -EAGAIN || written === -EWOULDBLOCK) return 0
  return checked(written, 'write')
}
