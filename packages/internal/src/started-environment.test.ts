import { expect, test } from 'vitest'
import { startedEnvironment } from './started-environment.ts'

const told = (...entries: string[]) =>
  startedEnvironment(entries.map((entry) => Buffer.from(entry, 'latin1')))

test('the first of two variables with one name counts, and an entry without a name does not', () => {
  expect([...told('A=1', 'A=2', 'B==x', '=C', 'D')]).toEqual([
    ['A', Buffer.from('1')],
    ['B', Buffer.from('=x')],
  ])
})

test('names and values keep their bytes', () => {
  expect(told('caf\xe9=\xff').get('caf\xe9')).toEqual(Buffer.from([0xff]))
})

test.each(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'])(
  '%s concerns one process only',
  (name) => {
    expect(told(`${name}=3`, 'A=1').has(name)).toBe(false)
  },
)

test.runIf(process.platform === 'linux')('what the program changed since its start does not count', () => {
  process.env.SF_SET_LATER = '1'
  try {
    expect(startedEnvironment().has('SF_SET_LATER')).toBe(false)
    expect(startedEnvironment().has('PATH')).toBe(true)
  } finally {
    delete process.env.SF_SET_LATER
  }
})
