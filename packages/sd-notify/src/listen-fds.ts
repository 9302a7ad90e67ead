import { constants, fstatSync, readlinkSync } from 'node:fs'
import { type NamedFd, OwnedFd, setCloexec } from '@shellflip/fd-passing'
import { checkOptions } from './check-argument.ts'
import { SdNotifyError } from './errors.ts'
import { takeVariables } from './take-variables.ts'

export type ListenFdsOptions = {
  /** The environment in which the variables are read and deleted. @default process.env */
  env?: NodeJS.ProcessEnv
  /**
   * Called when the fds were passed to another process than this one: a wrapper that does not exec, such as npm, keeps them. A service
   * that then opens its own sockets is not the one that its manager means to start. @default ignored
   */
  onForeign?: (pid: number) => void
}

/** SD_LISTEN_FDS_START. */
const firstFd = 3
/** As high as Linux lets any process's limit be (fs.nr_open), unless an administrator raised it. */
const mostFds = 1024 * 1024
const variables = ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const

/**
 * Takes the fds that the manager passed to this process (sd_listen_fds_with_names(3)): listening sockets, and what was kept in the fd store.
 * Each has the socket unit's `FileDescriptorName=`, the name it was stored under, or `unknown`.
 *
 * They are CLOEXEC, and the caller owns them. This works only once. It deletes the variables, because they are meant for this process and not for its children. A second call finds
 * nothing.
 *
 * `LISTEN_PID` must be this process's pid. Otherwise the fds belong to another process and the result is empty: see `onForeign`. `auto`,
 * which the Rust shellflip sends to its successor, means the first process that reads it.
 *
 * @throws {SdNotifyError} ERR_INVALID_ENVIRONMENT if the variables contradict themselves. Nothing has been taken
 * @throws {SdNotifyError} ERR_FD_NOT_OPEN if an fd is not open. Nothing has been taken
 */
export function listenFds(options: ListenFdsOptions = {}): NamedFd[] {
  checkOptions('listenFds()', options, { env: 'object', onForeign: 'function' })
  const taken = takeVariables(options.env ?? process.env, variables)
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = taken
  if (pid === undefined || count === undefined) return []
  if (!isForThisProcess(pid)) {
    options.onForeign?.(Number(pid))
    return []
  }
  const passed = listed(parseCount(count), names)
  for (const { fd } of passed) requireOpen(fd, count)
  return passed.map(({ fd, name }) => {
    setCloexec(fd, true)
    return { name, fd: new OwnedFd(fd) }
  })
}

function isForThisProcess(pid: string): boolean {
  if (pid !== 'auto' && !/^\d+$/.test(pid)) {
    throw new SdNotifyError(
      'ERR_INVALID_ENVIRONMENT',
      `LISTEN_PID=${pid} is not a process id. It must be the pid of the process that gets the fds`,
    )
  }
  return pid === 'auto' || Number(pid) === process.pid
}

function parseCount(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (!(count <= mostFds)) {
    throw new SdNotifyError(
      'ERR_INVALID_ENVIRONMENT',
      `LISTEN_FDS=${text} is not a number of fds. It must be a whole number, at most ${mostFds}`,
    )
  }
  return count
}

function listed(count: number, names: string | undefined): { fd: number; name: string }[] {
  const told = names === undefined ? undefined : count === 0 && names === '' ? [] : names.split(':')
  if (told !== undefined && told.length !== count) {
    throw new SdNotifyError(
      'ERR_INVALID_ENVIRONMENT',
      `LISTEN_FDNAMES has ${told.length} names for LISTEN_FDS=${count} fds. Name each fd, or leave LISTEN_FDNAMES out`,
    )
  }
  return Array.from({ length: count }, (_, index) => ({
    fd: firstFd + index,
    name: told?.[index] ?? 'unknown',
  }))
}

function requireOpen(fd: number, count: string): void {
  let cause: unknown
  try {
    const { mode } = fstatSync(fd)
    if (!isEventLoop(fd, mode)) return
  } catch (error) {
    cause = error
  }
  throw new SdNotifyError(
    'ERR_FD_NOT_OPEN',
    `LISTEN_FDS=${count} promises fd ${fd}, but this fd is not open. The process that starts this one must pass it`,
    { cause },
  )
}

/**
 * If an fd was not passed, its number may belong to the first fd that Node opened: its event loop's. Closing that fd would stop the
 * process.
 */
function isEventLoop(fd: number, mode: number): boolean {
  // The kernel does not set a file type for an event loop. Sockets, pipes and files have one, and checking it does not require /proc.
  if (process.platform !== 'linux' || (mode & constants.S_IFMT) !== 0) return false
  try {
    return /\[(eventpoll|io_uring)\]$/.test(readlinkSync(`/proc/self/fd/${fd}`))
  } catch {
    // Without /proc an eventfd looks the same. Event loops are the usual case.
    return true
  }
}
