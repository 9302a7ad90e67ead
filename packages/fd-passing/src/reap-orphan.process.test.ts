import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { reapOrphan } from './reap-orphan.ts'

const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc']
const unshare = [namespace, ['--user', '--map-root-user', ...namespace]].find(
  (flags) => spawnSync('unshare', [...flags, 'true']).status === 0,
)

describe('reapOrphan', () => {
  it('takes what an orphan left to PID 1, once, and not before it has ended', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    const code = `
      import { execFileSync } from 'node:child_process'
      import { readFileSync } from 'node:fs'
      import { reapOrphan } from '@shellflip/fd-passing'
      const state = (pid) => readFileSync('/proc/' + pid + '/stat', 'utf8').split(' ')[2]
      const orphan = Number(execFileSync('sh', ['-c', 'sleep 1000 >/dev/null 2>&1 & echo $!']))
      const before = reapOrphan(orphan)
      process.kill(orphan, 'SIGKILL')
      const deadline = Date.now() + 10_000
      while (state(orphan) !== 'Z' && Date.now() < deadline);
      console.log(process.pid, before, state(orphan), reapOrphan(orphan), reapOrphan(orphan))`
    await using run = TestProcess.start(
      'unshare',
      [...unshare, process.execPath, '--input-type=module', '-e', code],
      { cwd: fileURLToPath(new URL('..', import.meta.url)) },
    )
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout).toBe('1 false Z true false\n')
  })

  it('does not touch a process that is not a child of this one, or that lives', async () => {
    await using shell = TestProcess.start('sh', ['-c', 'exec sleep 1000'])
    expect(reapOrphan(shell.pid)).toBe(false)
    expect(reapOrphan(process.ppid)).toBe(false)
    shell.kill('SIGKILL')
    expect(await shell.exit).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it.each([0, -1, 1.5, Number.NaN])('%d is refused, because it would mean any child', (pid) => {
    expect(() => reapOrphan(pid)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })
})
