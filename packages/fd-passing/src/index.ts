export type { Bytes } from '@shellflip/internal'
export { adoptedChildren, adoptOrphans } from './adopted-children.ts'
export { type ClaimedUnixPath, claimUnixPath } from './claim-unix-path.ts'
export { closeAll } from './close-all.ts'
export { type Credentials, peerCredentials } from './credentials.ts'
export { dup, isCloexec, pipe, setCloexec } from './descriptors.ts'
export { duplicateFrom } from './duplicate-from.ts'
export { FdPassingError, type FdPassingErrorCode } from './error.ts'
export type { FileOwner } from './file-place.ts'
export { type LockMode, lock, tryLock, unlock } from './flock.ts'
export type { Message, ReceiveOptions } from './incoming.ts'
export {
  bindUdp,
  type InternetOptions,
  type ListenTcpOptions,
  type ListenUnixOptions,
  listenTcp,
  listenUnix,
  setBacklog,
} from './listeners.ts'
export {
  isLockFileAt,
  type LockFileAttempt,
  type LockFileOptions,
  lockFile,
  openLockFile,
  type RemoveLockFileOptions,
  removeLockFile,
  tryLockFile,
} from './lock-file.ts'
export { addSeals, getSeals, memfd, type Seal } from './memfd.ts'
export { isNamedFd, type NamedFd } from './named-fd.ts'
export { dgramFrom, dupOf, fdOf, type HandleOwner, serverFrom, socketFrom } from './node-handles.ts'
export type { SendOptions } from './outgoing.ts'
export { OwnFolder } from './own-folder.ts'
export { OwnedFd } from './owned-fd.ts'
export { ignoreRealTimeSignals } from './real-time-signals.ts'
export { reapOrphan } from './reap-orphan.ts'
export { reapOrphans } from './reap-orphans.ts'
export { localAddress, type SocketAddress } from './socket-address.ts'
export { setSocketMode } from './socket-file.ts'
export { isIpv6Only, sharesAddress } from './socket-options.ts'
export { type SpawnOptions, spawnProcess } from './spawn-process.ts'
export type { ProcessExit, SpawnedProcess } from './spawned-process.ts'
export { maxUnixAddressBytes } from './unix-address.ts'
export { socketpair, socketTypeOf, type UnixSocketType } from './unix-endpoint.ts'
export { UnixListener } from './unix-listener.ts'
export { isUnixPathBound } from './unix-path-bound.ts'
export { socketFileAt, UnixPathClaim } from './unix-path-claim.ts'
export { UnixSocket, type UnixSocketOptions } from './unix-socket.ts'
export { type PidWatch, watchPid } from './watch-pid.ts'
export { writeNow } from './write-now.ts'
