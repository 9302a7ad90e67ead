import type { NamedFd } from '@shellflip/fd-passing'
import type { Launch } from '@shellflip/generation'
import type { Notifier } from '@shellflip/sd-notify'
import type { NotifySockets } from './notify-sockets/notify-sockets.ts'
import type { RestartMode } from './restart-policy.ts'

/** The program that one generation executes. The supervisor adds the sockets and the notify socket. */
export type GenerationCommand = Omit<Launch, 'listen'>

export type SupervisorOptions = {
  /** Called for each generation, so that each can have different arguments. If it throws, the generation cannot start. */
  command: (generation: { id: number; notifySocket: string }) => GenerationCommand
  /**
   * The folder of the notify sockets: an existing one that only the supervisor uses, or {@link NotifySockets}, which last. Each
   * generation's notify socket is there while the generation lives.
   */
  notifyDirectory: string | NotifySockets
  /** How long a generation may take until READY=1, in milliseconds. Then it is ended, and the roll fails. @default 10_000 */
  readyTimeoutMs?: number
  /** How long a generation may take to end after the stop signal, in milliseconds. Then it is killed. @default 60_000 */
  drainTimeoutMs?: number
  /** The signal that stops a generation. @default 'SIGTERM' */
  stopSignal?: NodeJS.Signals | number
  /** The policy for a serving generation that ends unasked. The first start is never retried. @default 'on-failure' */
  restart?: RestartMode
  /** The limit of old generations that drain at the same time. Beyond it the oldest is killed. @default 3 */
  maxDraining?: number
  /**
   * How often a ready generation must send WATCHDOG=1, in milliseconds. A generation that does not is killed, then restarted. @default no
   * watchdog
   */
  watchdogMs?: number
  /** Listening sockets for every generation, as LISTEN_FDS. They stay the caller's, who closes them after `done`. @default [] */
  listen?: readonly NamedFd[]
  /** The manager above. It gets rolls, readiness, status and the end. @default no manager */
  manager?: ManagerLink
}

/** The part of a `Notifier` that the supervisor uses. */
export type ManagerLink = Pick<Notifier, 'send' | 'reloading'>
