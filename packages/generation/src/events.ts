import type { GenerationFailure, ProcessExit } from './failure.ts'
import type { ManagerReport } from './manager-report.ts'

/** Why SIGKILL was sent: the drain timeout passed, the watchdog received no message, or the caller requested it. */
export type KillReason = 'overdue' | 'hung' | 'asked'

export type GenerationEvent =
  | { type: 'started'; pid: number }
  /** `elapsedMs` counts from the spawn. */
  | { type: 'ready'; pid: number; elapsedMs: number }
  /** The generation failed, or never became ready. Its process may still be running. */
  | { type: 'failed'; failure: GenerationFailure; elapsedMs: number }
  /** The stop signal was sent. SIGKILL follows after `killAfterMs`, unless the generation exits before. */
  | { type: 'signalled'; signal: NodeJS.Signals | number; killAfterMs: number }
  | { type: 'killed'; reason: KillReason }
  | { type: 'main-pid'; pid: number }
  /** It named a main process that is not one, or that its sender may not signal. The name is ignored. Reported once. */
  | { type: 'main-pid-refused'; pid: number }
  /** The system refused to send it this signal, because it runs as another user. Reported once for each signal. */
  | { type: 'signal-refused'; pid: number; signal: NodeJS.Signals | number }
  /** SIGKILL could not end its process, which still runs. Nothing follows. */
  | { type: 'given-up'; pid: number }
  /** Its messages cannot be received at the moment. Reported once until they can again. */
  | { type: 'receive-failed'; error: Error }
  /** It reported something for the manager above: the reason of a failure, or keys that this version does not know. */
  | { type: 'report'; report: ManagerReport }
  | { type: 'status'; text: string }
  /** It requested this much more time, by EXTEND_TIMEOUT_USEC. */
  | { type: 'extended'; ms: number }
  /** It sent fds for the fd store. Nobody keeps fds here, so they are closed. Reported once. */
  | { type: 'fds-refused'; count: number }
  /** The last of its processes is gone. Nothing follows. */
  | { type: 'exited'; exit: ProcessExit }
