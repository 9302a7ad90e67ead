import { createRequire } from 'node:module'
import { type AddonFile, addonMissing } from './addon-missing.ts'

/** The result of one recvmsg(2). */
export type Arrival = {
  data: Buffer
  fds: number[]
  /** The sender's pid, if the socket passes credentials (SO_PASSCRED). */
  pid?: number
  uid?: number
  gid?: number
  from?: string
  /** MSG_TRUNC: the message was larger than the buffer. */
  dataTruncated: boolean
  /** MSG_CTRUNC: fds were dropped. */
  fdsTruncated: boolean
}

/** Describes a file: `dev` and `ino` together name it, whatever path leads to it. */
export type FileStats = {
  dev: bigint
  ino: bigint
  /** `S_IFSOCK`, `S_IFREG` … of `node:fs`'s constants. */
  type: number
  /** The permission bits alone. */
  mode: number
  uid: number
  /** The number of names (hard links) of the file. */
  links: number
  /** In bytes. */
  size: number
}

/** The end of a process: by exit(3) or by a signal. */
export type ExitReport = { code: number; signal?: undefined } | { signal: number; code?: undefined }

/** The step at which a child failed to become the program: `step` is the system call, `index` counts the files or descriptors. */
export type SpawnFailure = { step: string; error: number; index: number }

/** A watcher of the addon: opaque here. */
export type WatcherHandle = { readonly watcher: unique symbol }

/**
 * Every function makes one system call and answers its result, or the negative errno. An argument of a wrong type answers
 * EINVAL.
 */
export type Native = {
  /** In a worker: the descriptor is closed when the worker ends. Those that the addon makes are owned already. */
  own(fd: number): number
  disown(fd: number): number
  /** Disowns as well. */
  close(fd: number): number
  dup(fd: number): number
  setCloexec(fd: number, on: number): number
  getCloexec(fd: number): number
  setMode(fd: number, mode: number): number
  pipe(): [number, number] | number
  lock(fd: number, exclusive: number): number
  unlock(fd: number): number
  openFolder(path: string): number
  statAt(folder: number, name: string): FileStats | number
  stat(fd: number): FileStats | number
  /** Opens the file. Creates a missing file with this mode, unless the mode is 0. */
  openFileAt(folder: number, name: string, mode: number): number
  /** ESTALE where another file than this socket is. */
  chmodSocketAt(folder: number, name: string, dev: bigint, ino: bigint, mode: number): number
  /** -1 leaves an id as it is. ESTALE where another file than this socket is. */
  chownSocketAt(folder: number, name: string, dev: bigint, ino: bigint, uid: number, gid: number): number
  /** 1, or 0 where another file is. */
  unlinkAt(folder: number, name: string, dev: bigint, ino: bigint): number
  memfd(name: string, sealable: number): number
  addSeals(fd: number, seals: number): number
  getSeals(fd: number): number
  socket(domain: number, type: number): number
  socketpair(type: number): [number, number] | number
  bindUnix(fd: number, address: string): number
  connectUnix(fd: number, address: string): number
  bindInternet(fd: number, host: string, port: number): number
  listen(fd: number, backlog: number): number
  accept(fd: number): number
  shutdownWrites(fd: number): number
  setOption(fd: number, level: number, option: number, value: number): number
  getOption(fd: number, level: number, option: number): number
  setNonBlocking(fd: number): number
  peerCredentials(fd: number): { pid: number; uid: number; gid: number } | number
  localAddress(fd: number): { path: string } | { family: 4 | 6; address: string; port: number } | number
  send(
    fd: number,
    data: Uint8Array,
    fds: Int32Array | undefined,
    address: string | undefined,
    credentials: Uint32Array | undefined,
  ): number
  receive(fd: number): Arrival | number
  /** Receives from a seqpacket socket, and answers 0 at its end: an empty message is an arrival. */
  receivePacket(fd: number): Arrival | number
  watch(fd: number, onReady: (events: number) => void): WatcherHandle | number
  want(watcher: WatcherHandle, events: number): number
  keepAlive(watcher: WatcherHandle, on: number): number
  unwatch(watcher: WatcherHandle): number
  pidfdOpen(pid: number): number
  /** Returns how it ended, or 0 while it lives. */
  reap(pid: number): ExitReport | number
  /** The pid of a child that nobody has waited for, or 0. */
  findZombie(): number
  setSubreaper(on: number): number
  /** `files`, `argv`, `environment` and `cwd` (at most one) are strings in bytes, each ended by NUL. -1 in `fds` means /dev/null. */
  spawn(
    files: Uint8Array,
    argv: Uint8Array,
    environment: Uint8Array,
    cwd: Uint8Array,
    fds: Int32Array,
    flags: number,
    openFiles: number,
  ): SpawnFailure | number
  duplicateFrom(pid: number, fd: number): number
  /** Fewer bytes than there are, or EAGAIN, where it would have to wait. */
  writeNow(fd: number, data: Uint8Array): number
  ignoreSignal(signal: number): number
  readonly AF_UNIX: number
  readonly AF_INET: number
  readonly AF_INET6: number
  readonly SOCK_STREAM: number
  readonly SOCK_DGRAM: number
  readonly SOCK_SEQPACKET: number
  readonly SOL_SOCKET: number
  readonly SO_TYPE: number
  readonly SO_ACCEPTCONN: number
  readonly SO_REUSEADDR: number
  readonly SO_REUSEPORT: number
  /** Linux only. */
  readonly SO_PASSCRED?: number
  readonly IPPROTO_IPV6: number
  readonly IPV6_V6ONLY: number
  readonly ETOOMANYREFS: number
  readonly MAX_UNIX_ADDRESS_BYTES: number
  readonly MAX_FDS_PER_MESSAGE: number
  readonly RECEIVE_BUFFER_SIZE: number
}

function load(): Native {
  let addon: (AddonFile & { load(): Native }) | undefined
  try {
    // A literal, for tracers of files: see package-files.ts. Both src/ and dist/ are one step below the package.
    const require = createRequire(import.meta.url)
    addon = require('../native/load.cjs') as NonNullable<typeof addon>
    return addon.load()
  } catch (cause) {
    throw addonMissing(cause, addon)
  }
}

export const native: Native = load()
