import { describe, expect, test } from 'vitest'
import {
  type LauncherAction,
  type LauncherEvent,
  type LauncherState,
  launcherTable,
} from './launcher-table.ts'

const states = Object.keys(launcherTable) as LauncherState[]
const events = [...new Set(states.flatMap((state) => Object.keys(launcherTable[state])))] as LauncherEvent[]

type Path = {
  events: LauncherEvent[]
  states: LauncherState[]
  last: { state: LauncherState; action: LauncherAction | undefined }
}

/** Every path of the table of up to this many events. */
function* paths(
  length: number,
  state: LauncherState = 'starting',
  before: Path = { events: [], states: [], last: { state, action: undefined } },
): Generator<Path> {
  if (before.events.length === length) return
  for (const event of events) {
    const step = launcherTable[state][event]
    if (step === undefined) continue
    const path = {
      events: [...before.events, event],
      states: [...before.states, state],
      last: { state: step.to, action: step.action },
    }
    yield path
    yield* paths(length, step.to, path)
  }
}

const all = [...paths(6)]

describe('on every path of the table', () => {
  test('a stop signal during an upgrade reaches the generation that serves after it', () => {
    for (const { events, states, last } of all) {
      if (last.action !== 'promote' && last.action !== 'promote-and-stop') continue
      const since = states.lastIndexOf('serving')
      const stops = events.slice(since).includes('stop')
      expect(last.action, events.join(', ')).toBe(stops ? 'promote-and-stop' : 'promote')
    }
  })

  test('a serving generation that exits ends the service only where no candidate runs', () => {
    for (const { events, states, last } of all) {
      if (events.at(-1) !== 'lost') continue
      const hasCandidate = ['upgrading', 'stopping'].includes(states.at(-1) ?? '')
      expect(last.state, events.join(', ')).toBe(hasCandidate ? 'serving' : 'ending')
    }
  })

  test('a failed candidate leaves the serving generation alone', () => {
    for (const { events, states, last } of all) {
      if (events.at(-1) !== 'failed') continue
      expect(last, events.join(', ')).toEqual({
        state: states.at(-1) === 'ending' ? 'ending' : 'serving',
        action: 'clean-up',
      })
    }
  })

  test('the launcher exits only when no generation serves and the last one has exited', () => {
    for (const { events, states, last } of all) {
      if (last.action !== 'exit') continue
      expect([states.at(-1), events.at(-1)]).toEqual(['ending', 'empty'])
    }
  })

  test('every signal is passed on until the launcher exits', () => {
    for (const state of states.filter((each) => each !== 'over')) {
      for (const event of ['signal', 'stop'] as const) {
        expect(launcherTable[state][event]?.action).toBe(state === 'ending' ? 'pass-to-all' : 'pass')
      }
    }
  })

  test('every state is reached, and nothing follows the last one', () => {
    expect(new Set(all.map(({ last }) => last.state).concat('starting'))).toEqual(new Set(states))
    expect(launcherTable.over).toEqual({})
  })
})
