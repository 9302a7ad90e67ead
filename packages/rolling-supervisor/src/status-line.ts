import { describeRoll, type RollOutcome } from './roll.ts'

export type StatusLineParts = {
  ready: { id: number; status: string | undefined } | undefined
  starting: number | undefined
  restartInMs: number | undefined
  draining: number
  /** How the last roll ended, once it has. */
  lastRoll: RollOutcome | undefined
}

/** The supervisor in one line, for `systemctl status`: `generation 3 ready, 1 draining: what generation 3 says`. */
export function describeSupervisor({
  ready,
  starting,
  restartInMs,
  draining,
  lastRoll,
}: StatusLineParts): string {
  const parts: string[] = []
  if (ready !== undefined) parts.push(`generation ${ready.id} ready`)
  if (starting !== undefined) parts.push(`generation ${starting} starting`)
  if (restartInMs !== undefined) parts.push(`restart in ${restartInMs} ms`)
  if (draining > 0) parts.push(`${draining} draining`)
  if (lastRoll?.type === 'failed') parts.push(`roll failed: ${describeRoll(lastRoll)}`)
  const line = parts.join(', ')
  return ready?.status ? `${line}: ${ready.status}` : line
}
