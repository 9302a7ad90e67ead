import { expect, test } from 'vitest'
import { readCommandLine, UsageError } from './command-line.mjs'

const choices = {
  peers: [{ name: 'shellflip', isOurs: true }, { name: 'nginx' }],
  shapes: [
    { name: 'K64', family: 'K' },
    { name: 'K64-think', family: 'K' },
    { name: 'N32', family: 'N' },
    { name: 'L200', family: 'L' },
    { name: 'S16', family: 'S' },
  ],
  primitives: [{ name: 'fd-rate' }],
}

function chosen(...args) {
  const { peers, shapes, primitives, ...rest } = readCommandLine(args, choices)
  const names = (entries) => entries.map(({ name }) => name)
  return { ...rest, peers: names(peers), shapes: names(shapes), primitives: names(primitives) }
}

test('by default everything runs, under the shapes that matter most', () => {
  expect(chosen()).toMatchObject({
    type: 'run',
    peers: ['shellflip', 'nginx'],
    shapes: ['K64', 'K64-think', 'N32', 'L200'],
    primitives: ['fd-rate'],
    options: { reloads: 10, runs: 1, intervalMs: 2_000, baseMs: 5_000, warmUpMs: 2_000 },
  })
})

test('a choice of one kind leaves the other out', () => {
  expect(chosen('--peers', 'ours')).toMatchObject({ peers: ['shellflip'], primitives: [] })
  expect(chosen('--primitives', 'all')).toMatchObject({ peers: [], primitives: ['fd-rate'] })
  expect(chosen('--shapes', 'K,S16')).toMatchObject({ shapes: ['K64', 'K64-think', 'S16'], primitives: [] })
})

test('pnpm passes its own -- on', () => {
  expect(chosen('--', '--reloads', '3')).toMatchObject({ options: { reloads: 3 } })
})

test.each([
  [
    ['--peers', 'ngnix'],
    'unknown peer "ngnix". Choose from all, none, ours, best, default, shellflip, nginx',
  ],
  [['--shapes', 'Q'], 'unknown shape "Q". Choose from all, none, K, N, L, S, K64, K64-think, N32, L200, S16'],
  [['--primitives', 'x'], 'unknown primitive "x". Choose from all, none, fd-rate'],
  [['--reloads', '0'], '--reloads must be a whole number from 1 on, not "0"'],
  [['--reload', '3'], /^Unknown option '--reload'\. The options are peers, .*help$/],
  [['fd-rate'], /^Unexpected argument 'fd-rate'/],
])('%j is refused with the choices', (args, message) => {
  expect(() => chosen(...args)).toThrow(UsageError)
  expect(() => chosen(...args)).toThrow(message)
})
