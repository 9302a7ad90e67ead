import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { lookUpProcess } from './process-table.ts'

it('knows a running process by the time of its start, and its group', async () => {
  const child = spawn('sleep', ['60'], { detached: true })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const entry = lookUpProcess(pid)
  expect(entry).toEqual({ startedAt: expect.stringMatching(/\S/), group: pid })
  expect(lookUpProcess(pid)).toEqual(entry)
  expect(lookUpProcess(process.pid)?.startedAt).not.toBe(entry?.startedAt)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(lookUpProcess(pid)).toBeUndefined()
})

it.runIf(process.platform === 'linux')('is not misled by a name with blanks and parentheses', async () => {
  const child = spawn('bash', ['-c', 'printf "a) Z 1 (b" > /proc/self/comm; echo; read'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  expect(lookUpProcess(child.pid ?? 0)).toMatchObject({ group: child.pid })
  child.stdin.end()
  await once(child, 'exit')
})
