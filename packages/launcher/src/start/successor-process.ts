import type { OwnedFd } from '@shellflip/fd-passing'
import type { LaunchCommand } from '../command/launch-command.ts'

export type ProcessExit = { code: number | null; signal: NodeJS.Signals | null }

/** The process that is to become the service, or a wrapper that starts it, whoever its parent is. */
export interface SuccessorProcess {
  /** Of the process that was started. */
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  /** Ends it with all that it has started, and waits until it is reaped. */
  kill(): Promise<ProcessExit>
  /** It serves: it is on its own from then on, and this process may end before it. */
  leave(): void | Promise<void>
}

/** Whoever was to start a successor has ended, and another one may. */
export const starterGone = 'ERR_STARTER_GONE'

/**
 * Starts a successor that finds the handover channel in its environment.
 *
 * @param channel stays the caller's
 * @throws the system's error, with its `code`, if it cannot be started; one with the code {@link starterGone}
 */
export type StartSuccessor = (command: LaunchCommand, channel: OwnedFd) => Promise<SuccessorProcess>
