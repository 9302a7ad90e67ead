import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isSameStart, lookUpProcess } from './process-table.ts'

const isLinux = process.platform === 'linux'

describe('lookUpProcess', () => {
  it('knows a running process by the time of its start, and its group', async () => {
    const child = spawn('sleep', ['60'], { detached: true })
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    const entry = lookUpProcess(pid)
    expect(entry).toEqual({ startedAt: expect.stringMatching(/\S/), group: pid })
    expect(lookUpProcess(pid)).toEqual(entry)
    expect(lookUpProcess(process.pid)?.startedAt).not.toBe(entry?.startedAt)

    await ended(child)
    expect(lookUpProcess(pid)).toBeUndefined()
  })

  it.runIf(isLinux)('is not misled by a name with blanks and parentheses', async () => {
    const child = spawn('sh', ['-c', 'printf "a) Z 1 (b" > /proc/self/comm; echo; read line'], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    await once(child.stdout, 'data')
    expect(lookUpProcess(child.pid ?? 0)).toMatchObject({ group: child.pid })
    child.stdin.end()
    await once(child, 'exit')
  })
})

describe('isSameStart', () => {
  it.each([
    ['boot:17', 'boot:17', true],
    ['boot:17', 'boot:18', false],
    ['boot:17', 'other:17', false],
    ['boot:17', ':17', true],
    [':17', 'boot:17', true],
    [':17', ':18', false],
    ['Mon Jan  1 00:00:00 2026', 'Mon Jan  1 00:00:00 2026', true],
    ['Mon Jan  1 00:00:00 2026', 'Mon Jan  1 00:00:01 2026', false],
  ])('of %j and %j is %j', (one, other, same) => {
    expect(isSameStart(one, other)).toBe(same)
  })
})

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
