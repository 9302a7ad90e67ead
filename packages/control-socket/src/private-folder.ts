import { privateFolderFault } from '@shellflip/internal'
import { ControlSocketError, errnoOf } from './control-socket-error.ts'

/**
 * Creates the folder of a control socket with mode 0700, or checks the existing one. A user who can write it, or replace it by writing an
 * ancestor, could put another socket in place of ours.
 *
 * @throws {ControlSocketError} ERR_CONTROL_FORBIDDEN
 * @throws {ControlSocketError} ERR_SYSTEM
 */
export function makePrivateFolder(folder: string): void {
  const fault = faultOf(folder)
  if (fault !== undefined) throw new ControlSocketError('ERR_CONTROL_FORBIDDEN', fault)
}

function faultOf(folder: string): string | undefined {
  try {
    return privateFolderFault(folder, { make: true })
  } catch (cause) {
    throw new ControlSocketError(
      errnoOf(cause) === 'EACCES' ? 'ERR_CONTROL_FORBIDDEN' : 'ERR_SYSTEM',
      `cannot use ${folder} for a control socket: ${(cause as Error).message}`,
      { cause },
    )
  }
}
