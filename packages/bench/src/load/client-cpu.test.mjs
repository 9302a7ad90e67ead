import { expect, test } from 'vitest'
import { lastCpu } from './client-cpu.mjs'

test.each([
  ['0-1', '0-1', 1],
  ['2-3', '0-7', 3],
  ['0,2-3,5', '0-7', 5],
  ['0-127', '0-3', 3],
  ['3', '0-7', undefined],
])('of the CPUs %s, with %s online, the client gets %s', (allowed, online, cpu) => {
  const status = `Cpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\nMems_allowed_list:\t0\n`
  expect(lastCpu(status, `${online}\n`)).toBe(cpu)
})

test('a system without these files binds no client', () => {
  expect(lastCpu('', '')).toBeUndefined()
})
