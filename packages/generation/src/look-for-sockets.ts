import { fstatSync, readlinkSync } from 'node:fs'
import {
  type ProcProcess,
  procName,
  procNames,
  procProcesses,
  procText,
  procVariable,
  socketInode,
} from '@shellflip/internal'
import { type ListeningSocket, listeningSockets } from './listening-sockets.ts'
import type { SocketSearch, SocketsNotTaken } from './passed-sockets.ts'

/** SD_LISTEN_FDS_START. */
const firstFd = 3
const closeOnExec = 0o2000000

/**
 * Looks in /proc for a process of a generation that took the passed sockets. A process can use fd 3 without leaving a trace. So this
 * reports a failure only if no process shows a trace, and a process that did not get the sockets listens on its own socket.
 *
 * @returns undefined where the sockets were taken, and where the system does not show it
 */
export function lookForSockets({ spawnedPid, readyPid, sockets }: SocketSearch): SocketsNotTaken | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const passed = new Set(sockets.map(({ fd }) => fstatSync(fd.fd).ino))
    // Most services are started directly. They need no look at every process of the system.
    if (readyPid === spawnedPid && wasGiven(spawnedPid, openFds(spawnedPid), passed)) return undefined
    const seen = generationOf(spawnedPid, readyPid).map((pid) => ({ pid, fds: openFds(pid) }))
    if (seen.some(({ pid, fds }) => tookOne(pid, fds, passed))) return undefined
    const listenCommand = procName(spawnedPid) ?? ''
    for (const { pid, fds } of seen) {
      const isExcused = wasGiven(pid, fds, passed) || !sharesUsers(pid, spawnedPid)
      const own = isExcused ? undefined : ownListener(pid, fds, passed)
      if (own !== undefined)
        return { readyPid, listenPid: spawnedPid, listenCommand, listenerPid: pid, address: own.address }
    }
  } catch {
    // The process belongs to another user, or a system call failed. The answer is unknown.
  }
  return undefined
}

/** A process was given the sockets if it has one, and its environment names it by LISTEN_PID (sd_listen_fds(3)). */
function wasGiven(pid: number, fds: readonly OpenFd[], passed: ReadonlySet<number>): boolean {
  const hasOne = fds.some(({ inode }) => inode !== undefined && passed.has(inode))
  const named = procVariable(pid, 'LISTEN_PID')
  return hasOne && named !== undefined && pidsOf(pid).includes(named)
}

/** A process of a container has another pid there than here (proc_pid_status(5), NSpid). */
function pidsOf(pid: number): string[] {
  return /^NSpid:\s*(.*)$/m.exec(procText(`${pid}/status`) ?? '')?.[1]?.split('\t') ?? []
}

/**
 * Returns whether two processes share a user namespace. A listener in another namespace may hold the port of a container (rootlessport of
 * podman). The process that took the sockets is then not a descendant of the client.
 */
function sharesUsers(pid: number, other: number): boolean {
  const users = (id: number) => readlinkUnlessGone(`/proc/${id}/ns/user`)
  return users(pid) === users(other)
}

/**
 * The members of the group that a spawned process leads, and its descendants in other groups. The process that reports ready
 * may have left both.
 */
function generationOf(spawnedPid: number, readyPid: number): number[] {
  const all = procProcesses()
  const isOurs = (pid: number, process: ProcProcess | undefined): boolean =>
    process !== undefined &&
    (pid === spawnedPid ||
      pid === readyPid ||
      process.group === spawnedPid ||
      isOurs(process.parent, all.get(process.parent)))
  return [...all].filter(([pid, process]) => isOurs(pid, process)).map(([pid]) => pid)
}

type OpenFd = { fd: number; target: string; inode: number | undefined }

/** @throws {Error} if this user may not look. A process that has ended is not an error */
function openFds(pid: number): OpenFd[] {
  const names = procNames(`${pid}/fd`)
  // Each process that we may look at has this one: the end of it hides nothing.
  if (names.length === 0) readlinkUnlessGone(`/proc/${pid}/exe`)
  return names.map((name) => {
    const target = readlinkUnlessGone(`/proc/${pid}/fd/${name}`)
    return { fd: Number(name), target, inode: socketInode(target) }
  })
}

function readlinkUnlessGone(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** A server duplicates a socket, watches it by epoll, or marks it close-on-exec, as sd_listen_fds(3) does. */
function tookOne(pid: number, fds: readonly OpenFd[], passed: ReadonlySet<number>): boolean {
  const ours = fds.filter(({ inode }) => inode !== undefined && passed.has(inode)).map(({ fd }) => fd)
  if (ours.length === 0) return false
  if (ours.some((fd) => fd >= firstFd + passed.size)) return true
  // Node marks every descriptor close-on-exec at its start, including standard input. A marked standard input is therefore not a trace.
  if (!isCloseOnExec(pid, 0) && ours.some((fd) => isCloseOnExec(pid, fd))) return true
  return fds
    .filter(({ target }) => target === 'anon_inode:[eventpoll]')
    .some(({ fd }) => watchedBy(pid, fd).some((watched) => ours.includes(watched)))
}

function isCloseOnExec(pid: number, fd: number): boolean {
  const flags = /^flags:\s*([0-7]+)/m.exec(procText(`${pid}/fdinfo/${fd}`) ?? '')?.[1] ?? '0'
  return (Number.parseInt(flags, 8) & closeOnExec) !== 0
}

/** proc_pid_fdinfo(5). */
function watchedBy(pid: number, epoll: number): number[] {
  const info = procText(`${pid}/fdinfo/${epoll}`) ?? ''
  return [...info.matchAll(/^tfd:\s*(\d+)/gm)].map(([, fd]) => Number(fd))
}

/**
 * A service falls back to TCP. A UNIX socket that it opens itself is often a control socket, so it counts only if a UNIX socket was
 * passed.
 */
function ownListener(
  pid: number,
  fds: readonly OpenFd[],
  passed: ReadonlySet<number>,
): ListeningSocket | undefined {
  const listening = listeningSockets(pid)
  const passedUnix = [...passed].some((inode) => listening.get(inode)?.family === 'unix')
  return fds
    .filter(({ inode }) => inode !== undefined && !passed.has(inode))
    .map(({ inode }) => listening.get(inode as number))
    .find((socket) => socket !== undefined && (socket.family === 'tcp' || passedUnix))
}
