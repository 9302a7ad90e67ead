import { isUnixPathBound, localAddress, type OwnedFd } from '@shellflip/fd-passing'
import { socketKinds } from '@shellflip/handover'

/**
 * Reports whether what was stored under this key is still of use. Clients cannot reach a listener whose path is gone. systemd also removes
 * RuntimeDirectory= at a restart, unless RuntimeDirectoryPreserve= is set.
 */
export function isReachable(key: string, fd: OwnedFd): boolean {
  if (key !== socketKinds.control && !key.startsWith(socketKinds.bound)) return true
  try {
    const address = localAddress(fd.fd)
    return address.family !== 'unix' || address.path.startsWith('@') || isUnixPathBound(address.path)
  } catch {
    // It is not a socket.
    return false
  }
}
