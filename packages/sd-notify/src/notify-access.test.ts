import { expect, it } from 'vitest'
import { isAllowed, type NotifyAccess } from './index.ts'

const main = { pid: 10, uid: 0, gid: 0 }
const control = { pid: 11, uid: 0, gid: 0 }
const other = { pid: 12, uid: 0, gid: 0 }

it.each<[NotifyAccess, ...boolean[]]>([
  ['none', false, false, false, false],
  ['main', true, false, false, false],
  ['exec', true, true, false, false],
  ['all', true, true, true, true],
])('%s: main %s, control %s, other %s, unknown %s', (access, ...expected) => {
  const senders = [main, control, other, undefined]
  expect(senders.map((sender) => isAllowed(access, sender, main.pid, [control.pid]))).toEqual(expected)
})
