import { describeFailure, type RollOutcome, type SupervisorStatus } from '@shellflip/rolling-supervisor'
import type { Outcome, Status } from './status.ts'

/** The part of a status report that the supervisor does not know itself. */
export type SupervisorIdentity = { name: string; version: string; command: readonly string[] }

export function reportStatus(
  { name, version, command }: SupervisorIdentity,
  status: SupervisorStatus,
): Status {
  return {
    name,
    pid: status.pid,
    version,
    state: status.state,
    since: status.since.toISOString(),
    command: [...command],
    generations: status.generations.map(({ id, pid, state, since, status: text }) => ({
      generation: id,
      ...(pid === 0 ? {} : { pid }),
      state,
      since: since.toISOString(),
      ...(text === undefined ? {} : { status: text }),
    })),
    listeners: status.listeners,
    ...(status.lastRoll === undefined ? {} : { lastRoll: reportOutcome(status.lastRoll) }),
  }
}

export function reportOutcome(outcome: RollOutcome): Outcome {
  if (outcome.type === 'rolled') return outcome
  if (outcome.type === 'refused') return { type: 'refused', reason: 'the supervisor is stopping' }
  const { generation, failure, elapsedMs } = outcome
  return { type: 'failed', generation, reason: describeFailure(failure), elapsedMs }
}
