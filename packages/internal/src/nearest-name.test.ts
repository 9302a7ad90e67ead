import { expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

const names = ['mode', 'user', 'group', 'backlog', 'type']

it.each([
  ['mod', 'mode'],
  ['grp', 'group'],
  ['groups', 'group'],
  ['bcklog', 'backlog'],
  ['xyz', undefined],
  ['', undefined],
  ['permissions', undefined],
  ['MODE', 'mode'],
])('%j is meant as %s', (text, name) => {
  expect(nearestName(text, names)).toBe(name)
})
