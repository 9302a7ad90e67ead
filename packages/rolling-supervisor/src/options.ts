import type { Launch, ListenSocket } from '@shellflip/generation'
import type { Notifier } from '@shellflip/sd-notify'
import type { RestartMode } from './restart-policy.ts'

/** What one generation executes. The sockets and the notify socket are the supervisor's to add. */
export type GenerationCommand = Omit<Launch, 'listen'>

export type SupervisorOptions = {
  /** Called for each generation, so that each can have arguments of its own. If it throws, the generation cannot start. */
  command: (generation: { id: number; notifySocket: string }) => GenerationCommand
  /** An existing folder of the supervisor's own: each generation's notify socket stands there while it lives. */
  notifyDirectory: string
  /** How long a generation may take until READY=1, in milliseconds. Then it is ended, and the roll has failed. @default 10_000 */
  readyTimeoutMs?: number
  /** How long a generation may take to end after the stop signal, in milliseconds. Then it is killed. @default 60_000 */
  shutdownTimeoutMs?: number
  /** What asks a generation to end. @default 'SIGTERM' */
  stopSignal?: NodeJS.Signals | number
  /** What happens when the generation that serves ends unasked. The first start is never retried. @default 'on-failure' */
  restart?: RestartMode
  /** How many old generations may drain at a time. When there are more, the oldest is killed. @default 3 */
  maxDraining?: number
  /** How often a ready generation must say WATCHDOG=1, in milliseconds. One that does not is killed, then restarted. @default it need not */
  watchdogMs?: number
  /** Listening sockets for every generation, as LISTEN_FDS. They stay the caller's, who closes them after `done`. @default [] */
  listen?: readonly ListenSocket[]
  /** The manager above: told of rolls, readiness, status and the end. @default nobody is told */
  manager?: ManagerLink
}

/** What the supervisor needs of a `Notifier`. */
export type ManagerLink = Pick<Notifier, 'send' | 'reloading'>
