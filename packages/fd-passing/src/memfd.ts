import { show } from '@shellflip/internal'
import { checkArray, checkOneOf, checkOptions } from './check-argument.ts'
import { checked, invalidArgument } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'

/**
 * An operation that a seal forbids on a memory file, for every process that has it (fcntl(2), F_ADD_SEALS): more seals, shrinking,
 * growing, writing, and new mappings for writing.
 */
export type Seal = 'seal' | 'shrink' | 'grow' | 'write' | 'future-write'

/** linux/fcntl.h */
const sealBits: Record<Seal, number> = { seal: 1, shrink: 2, grow: 4, write: 8, 'future-write': 16 }

/** memfd_create(2) puts "memfd:" before it and takes 255 bytes. */
const maxNameBytes = 249

/**
 * Creates an empty file in memory, CLOEXEC, which lives as long as a process has a descriptor of it. Linux only.
 *
 * @param name seen in /proc/PID/fd only, at most 249 bytes
 * @param options `sealable`: whether {@link addSeals} will be allowed. @default false
 * @throws {FdPassingError} ERR_UNSUPPORTED if the system is not Linux
 */
export function memfd(name: string, options: { sealable?: boolean } = {}): OwnedFd {
  checkOptions('memfd()', options, { sealable: 'boolean' })
  if (typeof name !== 'string' || Buffer.byteLength(name) > maxNameBytes || name.includes('\0')) {
    throw invalidArgument(
      `the name of a memfd must be text of at most ${maxNameBytes} bytes without a NUL, not ${show(name)}`,
    )
  }
  return new OwnedFd(checked(native.memfd(name, options.sealable ? 1 : 0), 'memfd_create'))
}

/** Seals a memory file, for good. `EBUSY`: it is mapped for writing. `EPERM`: it was not made sealable. */
export function addSeals(fd: number, seals: readonly Seal[]): void {
  checkArray('seals', seals)
  for (const seal of seals) checkOneOf('a seal', seal, Object.keys(sealBits))
  const bits = seals.reduce((sum, seal) => sum | sealBits[seal], 0)
  checked(native.addSeals(checkDescriptor(fd), bits), 'fcntl', 'F_ADD_SEALS')
}

/** Returns the seals of a memory file. A file that was not made sealable has `seal`. */
export function getSeals(fd: number): Seal[] {
  const bits = checked(native.getSeals(checkDescriptor(fd)), 'fcntl', 'F_GET_SEALS') as number
  return (Object.keys(sealBits) as Seal[]).filter((seal) => (bits & sealBits[seal]) !== 0)
}
