import { escapeUnprintable } from '@shellflip/internal'
import type { Outcome, Status } from '../control/status.ts'
import { timestamp } from '../log/timestamp.ts'
import { formatTable } from './table.ts'

/** A supervisor's status for people. What others wrote in it cannot touch the terminal. */
export function formatStatus(status: Status): string {
  const { name, pid, state, since, command, generations, listeners, lastRoll } = status
  const lines = [
    `${name}: ${state}, pid ${pid}, since ${localTime(since)}`,
    `command: ${command.join(' ')}`,
    ...listeners.map((listener) => `listening: ${listener.name} on ${listener.address}`),
    ...(lastRoll === undefined ? [] : [`last roll: ${formatOutcome(lastRoll)}`]),
  ]
  const rows = generations.map((generation) => [
    String(generation.generation),
    String(generation.pid ?? '-'),
    generation.state,
    localTime(generation.since),
    escapeUnprintable(generation.status ?? ''),
  ])
  const table = formatTable([['GENERATION', 'PID', 'STATE', 'SINCE', 'STATUS'], ...rows])
  return `${lines.map(escapeUnprintable).join('\n')}\n\n${table}\n`
}

/** How a roll ended, in the words that all of procroll uses for it. */
export function formatOutcome(outcome: Outcome): string {
  switch (outcome.type) {
    case 'rolled':
      return `generation ${outcome.generation} ready (pid ${outcome.pid}) in ${outcome.elapsedMs} ms`
    case 'failed':
      return `generation ${outcome.generation} failed: ${outcome.reason}`
    case 'refused':
      return `refused: ${outcome.reason}`
  }
}

function localTime(iso: string): string {
  return timestamp(new Date(iso)).slice(0, 19).replace('T', ' ')
}
