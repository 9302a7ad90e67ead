import type { GenerationEvent } from '@shellflip/generation'
import type { SdNotifyError } from '@shellflip/sd-notify'
import type { RollOutcome } from './roll.ts'
import type { SupervisorState } from './state-table.ts'

/** The end of the supervisor. */
export type SupervisorExit =
  /** The caller stopped it. */
  | { type: 'stopped' }
  /** Its service ended, or could not be kept running. `exitCode` is what a process standing for it should exit with. */
  | { type: 'ended'; exitCode: number; reason: string }
  /** The restart policy allows no more restarts. */
  | { type: 'gave-up'; reason: string }

/** An event of one of the generations, with its number. */
export type NumberedGenerationEvent = {
  [Event in GenerationEvent as Event['type']]: { generation: number } & Omit<Event, 'type'> & {
      type: `generation-${Event['type']}`
    }
}[GenerationEvent['type']]

export type SupervisorEvent =
  | NumberedGenerationEvent
  | { type: 'state'; state: SupervisorState }
  /** This generation starts as the successor. It fails if it is not ready within `readyTimeoutMs`. */
  | { type: 'roll-started'; generation: number; readyTimeoutMs: number }
  | { type: 'roll-queued' }
  | { type: 'roll-ended'; outcome: RollOutcome }
  /** A generation took over. Its predecessor, if it had one, drains. */
  | { type: 'promoted'; generation: number; predecessor?: number }
  /** The service is down. A new generation starts after the delay. */
  | { type: 'restarting'; delayMs: number }
  /** More generations drain than allowed: this one, the oldest, is killed. */
  | { type: 'draining-too-many'; generation: number; maxDraining: number }
  /** A message to the manager above (systemd) failed. The supervisor continues. */
  | { type: 'manager-unreachable'; error: SdNotifyError }
  /** A listener threw this, or rejected with it, for an event of that type. The supervisor continues. */
  | { type: 'listener-failed'; event: string; error: unknown }
  | { type: 'ended'; exit: SupervisorExit }
