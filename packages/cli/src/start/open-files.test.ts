import { expect, it } from 'vitest'
import { softOpenFiles } from './open-files.ts'

const limits = (soft: string, hard: string) => `Limit  Soft Limit  Hard Limit  Units
Max processes             100                  100                  processes
Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files
`

it.each<[string, string | undefined, string, string | undefined, number | undefined]>([
  ['what the shell told', '1024', limits('4096', '4096'), limits('2048', '4096'), 1024],
  ['the limit of the parent', undefined, limits('4096', '4096'), limits('2048', '4096'), 2048],
  [
    'nothing of a parent with another hard limit',
    undefined,
    limits('4096', '4096'),
    limits('1024', '8192'),
    undefined,
  ],
  ['nothing where there is no parent', undefined, limits('4096', '4096'), undefined, undefined],
  ['nothing where it was not raised', '4096', limits('4096', '4096'), undefined, undefined],
  ['nothing of what is no number', 'unlimited', limits('4096', '4096'), undefined, undefined],
  ['never more than there is', '8192', limits('4096', '4096'), undefined, undefined],
  ['a limit below no limit', '1024', limits('unlimited', 'unlimited'), undefined, 1024],
])('takes %s', (_, told, own, parent, expected) => {
  expect(softOpenFiles(told, (pid) => (pid === process.pid ? own : parent))).toBe(expected)
})
