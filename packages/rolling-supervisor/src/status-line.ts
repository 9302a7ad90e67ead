import { describeFailure } from '@shellflip/generation'
import type { RollOutcome } from './roll.ts'

export type StatusLineParts = {
  ready: { id: number; status: string | undefined } | undefined
  starting: number | undefined
  restartInMs: number | undefined
  draining: number
  /** The outcome of the last roll, once it has ended. */
  lastRoll: RollOutcome | undefined
}

/** The supervisor in one line, for `systemctl status`: `generation 3 ready (what it says), 1 draining`. */
export function describeSupervisor({
  ready,
  starting,
  restartInMs,
  draining,
  lastRoll,
}: StatusLineParts): string {
  const parts: string[] = []
  if (ready !== undefined)
    parts.push(`generation ${ready.id} ready${ready.status ? ` (${ready.status})` : ''}`)
  if (starting !== undefined) parts.push(`generation ${starting} starting`)
  if (restartInMs !== undefined) parts.push(`restart in ${restartInMs} ms`)
  if (draining > 0) parts.push(`${draining} draining`)
  if (lastRoll?.type === 'failed') {
    parts.push(`roll to generation ${lastRoll.generation} failed: ${describeFailure(lastRoll.failure)}`)
  }
  return parts.join(', ')
}
