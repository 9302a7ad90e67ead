import { isUnixPathBound, localAddress, type OwnedFd } from '@shellflip/fd-passing'
import { socketKinds } from '@shellflip/handover'

/**
 * Whether what was stored under this key is still of use. A listener whose path is gone is reached by nobody: systemd
 * removes RuntimeDirectory= at a restart too, unless RuntimeDirectoryPreserve= says otherwise.
 */
export function isReachable(key: string, fd: OwnedFd): boolean {
  if (key !== socketKinds.control && !key.startsWith(socketKinds.bound)) return true
  try {
    const address = localAddress(fd.fd)
    return address.family !== 'unix' || address.path.startsWith('@') || isUnixPathBound(address.path)
  } catch {
    // No socket at all.
    return false
  }
}
