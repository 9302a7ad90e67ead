import { dirname } from 'node:path'
import { type ClaimedUnixPath, claimUnixPath, FdPassingError } from '@shellflip/fd-passing'
import { ControlSocketError } from './control-socket-error.ts'
import { makePrivateFolder } from './private-folder.ts'
import { checkedPath } from './socket-path.ts'

/** Binds and listens at a path that only this user can access, in a folder that only this user can access. */
export async function claimPath(wanted: string): Promise<ClaimedUnixPath> {
  const path = checkedPath(wanted)
  makePrivateFolder(dirname(path))
  try {
    return await claimUnixPath({ path, mode: 0o600 })
  } catch (cause) {
    if (!(cause instanceof FdPassingError)) throw cause
    if (cause.code === 'ERR_PATH_IN_USE')
      throw new ControlSocketError('ERR_CONTROL_PATH_IN_USE', cause.message, { cause })
    const forbidden = cause.code === 'ERR_FORBIDDEN' || cause.errno === 'EACCES'
    const code = forbidden ? 'ERR_CONTROL_FORBIDDEN' : 'ERR_SYSTEM'
    throw new ControlSocketError(code, `cannot listen at ${path}: ${cause.message}`, { cause })
  }
}
