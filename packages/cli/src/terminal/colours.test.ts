import { expect, it } from 'vitest'
import { paintFor } from './colours.ts'

const terminal = { isTTY: true }

it.each<[string, { isTTY?: boolean }, NodeJS.ProcessEnv, boolean]>([
  ['a terminal', terminal, {}, true],
  ['a pipe', {}, {}, false],
  ['a dumb terminal', terminal, { TERM: 'dumb' }, false],
  ['NO_COLOR', terminal, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
  ['FORCE_COLOR in a pipe', {}, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ['NO_COLOR and FORCE_COLOR', {}, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('decides on colours for %s', (_, stream, env, isColoured) => {
  expect(paintFor(stream, env)('ready', 'green')).toBe(isColoured ? '\x1b[32mready\x1b[39m' : 'ready')
})
