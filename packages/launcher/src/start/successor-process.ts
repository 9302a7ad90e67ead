import type { OwnedFd, ProcessExit } from '@shellflip/fd-passing'
import type { LaunchCommand } from '../command/launch-command.ts'

export type { ProcessExit }

/** The process that is to become the service, or a wrapper that starts it, with any parent. */
export interface SuccessorProcess {
  /** The pid of the started process. */
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  /** Kills it with everything that it has started, and waits until it is reaped. */
  kill(): Promise<ProcessExit>
  /** Leaves it alone, because it serves. This process may exit before it. */
  leave(): void | Promise<void>
  /** Lets this process exit before it, although it is not left yet. */
  unref(): void
}

/** The starter of a successor has exited, and another one may start it. */
export const starterGone = 'ERR_STARTER_GONE'

/** A descriptor for the started process, and the variable that carries its number. */
export type PassedFd = { readonly fd: OwnedFd; readonly variable?: string | undefined }

/**
 * Starts a successor that inherits these descriptors, from 3 on in their order, and finds their numbers in its environment.
 *
 * @param passed stay the caller's
 * @throws {Error} if it cannot be started. `code` is the system's
 * @throws {Error} if the starter is gone. `code` is {@link starterGone}
 */
export type StartSuccessor = (
  command: LaunchCommand,
  passed: readonly PassedFd[],
) => Promise<SuccessorProcess>
