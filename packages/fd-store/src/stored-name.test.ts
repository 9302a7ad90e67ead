import { expect, test } from 'vitest'
import { storedKey, storedName } from './stored-name.ts'

test.each([
  ['listen:tcp://*:8080', 'listen%3Atcp%3A//*%3A8080'],
  ['listen:tcp://[::1]:0#http', 'listen%3Atcp%3A//%5B%3A%3A1%5D%3A0#http'],
  ['listen:unix:/run/größe 100%.sock', 'listen%3Aunix%3A/run/gr%C3%B6%C3%9Fe%20100%25.sock'],
  ['state:sessions', 'state%3Asessions'],
  ['fd:inotify', 'fd%3Ainotify'],
  ['shellflip-control', 'shellflip-control'],
  ['sf_mem_handover', 'sf_mem_handover'],
])('%s is stored as %s, and found again', (key, name) => {
  expect(storedName(key)).toBe(name)
  expect(storedKey(name)).toBe(key)
})

test.each(['web', 'stored', 'unknown', '50%', 'listen:tcp://*:8080', 'activated%3Aweb', 'fd%3ain', ''])(
  '%s is the name of nothing of ours',
  (name) => {
    expect(storedKey(name)).toBeUndefined()
  },
)
