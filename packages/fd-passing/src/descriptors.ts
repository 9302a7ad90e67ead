import { checkBoolean } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'

/** A pipe(7), both ends CLOEXEC. */
export function pipe(): { reader: OwnedFd; writer: OwnedFd } {
  const [reader, writer] = checked<[number, number]>(native.pipe(), 'pipe')
  return { reader: new OwnedFd(reader), writer: new OwnedFd(writer) }
}

/** A second descriptor of the same open file, CLOEXEC: offset, flags and flock(2) locks are shared. */
export function dup(fd: number): OwnedFd {
  return new OwnedFd(checked(native.dup(checkDescriptor(fd)), 'dup'))
}

/** Returns whether the kernel closes the descriptor when this process executes a program (FD_CLOEXEC). */
export function isCloexec(fd: number): boolean {
  return checked(native.getCloexec(checkDescriptor(fd)), 'fcntl') === 1
}

/** Keeps the descriptor from, or leaves it to, new programs started by this process (FD_CLOEXEC). */
export function setCloexec(fd: number, on: boolean): void {
  checkBoolean('on', on)
  checked(native.setCloexec(checkDescriptor(fd), on ? 1 : 0), 'fcntl')
}
