import { timestamp } from '@shellflip/cli/log'
import { type Colour, formatLine, formatTable, type Layout, type Segment } from '@shellflip/cli/terminal'
import { escapeUnprintable } from '@shellflip/internal'
import type { Outcome, Status } from '@shellflip/supervisor-control'

/** Formats the status of a supervisor for people. Text from others in it cannot control the terminal. */
export function formatStatus(status: Status, layout: Layout = {}): string {
  return `${statusLines(status, layout).join('\n')}\n`
}

export function statusLines(status: Status, layout: Layout = {}): string[] {
  const { name, pid, state, since, command, generations, listeners, lastRoll } = status
  const header: Segment[][] = [
    [`${escapeUnprintable(name)}: `, coloured(state), `, pid ${pid}, since ${localTime(since)}`],
    [`command: ${escapeUnprintable(command.join(' '))}`],
    ...listeners.map((listener) => [escapeUnprintable(`listening: ${listener.name} on ${listener.address}`)]),
    ...(lastRoll === undefined ? [] : [['last roll: ', outcome(lastRoll)]]),
  ]
  const rows = generations.map((generation) => [
    String(generation.generation),
    String(generation.pid ?? '-'),
    coloured(generation.state),
    localTime(generation.since),
    escapeUnprintable(generation.status ?? ''),
  ])
  const titles = ['GENERATION', 'PID', 'STATE', 'SINCE', 'STATUS'].map(
    (text): Segment => ({ text, colour: 'dim' }),
  )
  return [...header.map((line) => formatLine(line, layout)), '', ...formatTable([titles, ...rows], layout)]
}

/** Describes the outcome of a roll, in the same words throughout procroll. */
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

function outcome(last: Outcome): Segment {
  return {
    text: escapeUnprintable(formatOutcome(last)),
    colour: last.type === 'rolled' ? undefined : 'red',
  }
}

type State = Status['state'] | Status['generations'][number]['state']

const STATE_COLOURS: Record<State, Colour> = {
  serving: 'green',
  ready: 'green',
  starting: 'yellow',
  rolling: 'yellow',
  draining: 'yellow',
  'backing-off': 'red',
  failed: 'red',
  stopping: 'yellow',
  stopped: 'dim',
  exited: 'dim',
}

function coloured(state: State): Segment {
  return { text: state, colour: STATE_COLOURS[state] }
}

function localTime(iso: string): string {
  return timestamp(new Date(iso)).slice(0, 19).replace('T', ' ')
}
