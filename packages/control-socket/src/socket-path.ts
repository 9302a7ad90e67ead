import { resolve } from 'node:path'
import { maxUnixAddressBytes } from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { ControlSocketError } from './control-socket-error.ts'

/** The absolute form of a socket's path. @throws {ControlSocketError} ERR_CONTROL_PATH_TOO_LONG */
export function checkedPath(path: string): string {
  if (typeof path !== 'string' || path === '')
    throw new ControlSocketError(
      'ERR_INVALID_ARGUMENT',
      `the path of a socket must be text, not ${show(path)}`,
    )
  const absolute = resolve(path)
  const length = Buffer.byteLength(absolute)
  if (length <= maxUnixAddressBytes) return absolute
  throw new ControlSocketError(
    'ERR_CONTROL_PATH_TOO_LONG',
    `${absolute} has ${length} bytes, and the system takes ${maxUnixAddressBytes} for a socket. Choose a shorter folder`,
  )
}
