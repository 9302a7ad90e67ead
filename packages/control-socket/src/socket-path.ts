import { resolve } from 'node:path'
import { ControlSocketError } from './control-socket-error.ts'

/**
 * The longest path that a socket address can carry, in bytes: `sun_path` without its closing NUL
 * (108 bytes on Linux, 104 on macOS; unix(7)).
 */
export const maxPathBytes = process.platform === 'linux' ? 107 : 103

/** The absolute form of a socket's path. @throws {ControlSocketError} ERR_PATH_TOO_LONG */
export function checkedPath(path: string): string {
  const absolute = resolve(path)
  const length = Buffer.byteLength(absolute)
  if (length <= maxPathBytes) return absolute
  throw new ControlSocketError(
    'ERR_PATH_TOO_LONG',
    `${absolute} has ${length} bytes, and the system takes ${maxPathBytes} for a socket: choose a shorter folder`,
  )
}
