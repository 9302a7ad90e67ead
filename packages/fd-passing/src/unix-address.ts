import { show } from '@shellflip/internal'
import { FdPassingError, invalidArgument, unsupported } from './error.ts'
import { native } from './native.ts'

/** The longest UNIX socket address in bytes: 107 on Linux, 103 on macOS (unix(7): `sun_path`, less the NUL). */
export const maxUnixAddressBytes = native.MAX_UNIX_ADDRESS_BYTES

/**
 * Checks an address of the form `/path` or `@name`. The latter is an abstract address with its exact length.
 *
 * @throws {FdPassingError} ERR_ADDRESS_TOO_LONG
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_UNSUPPORTED if it is a `@name`, and the system lacks abstract addresses
 */
export function checkUnixAddress(address: string): string {
  if (typeof address !== 'string' || address === '' || address === '@')
    throw invalidArgument(`a UNIX socket address must be /path or @name, not ${show(address)}`)
  if (address.includes('\0'))
    throw invalidArgument('a UNIX socket address must not have a NUL. Write an abstract one as @name')
  const bytes = Buffer.byteLength(address)
  if (bytes > maxUnixAddressBytes) {
    throw new FdPassingError(
      'ERR_ADDRESS_TOO_LONG',
      `the UNIX socket address ${address} has ${bytes} bytes, and the system takes ${maxUnixAddressBytes}. ` +
        'Choose a shorter folder or name',
    )
  }
  if (address.startsWith('@') && process.platform !== 'linux')
    throw unsupported('an abstract address (@name)')
  return address
}
