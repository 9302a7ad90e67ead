import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'

const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc']
const unshare = [namespace, ['--user', '--map-root-user', ...namespace]].find(
  (flags) => spawnSync('unshare', [...flags, 'true']).status === 0,
)

/** A PID 1 that makes 40 orphans, and starts 20 processes by each of both ways: what it is told of them, and what remains. */
const code = `
  import { execFile, execFileSync } from 'node:child_process'
  import { readFileSync, readdirSync } from 'node:fs'
  import { reapOrphans, spawnProcess } from '@shellflip/fd-passing'
  reapOrphans()
  const env = ['PATH=/usr/bin:/bin']
  const twenty = (start) => Promise.all(Array.from({ length: 20 }, (_, index) => new Promise((resolve) => start(index, resolve))))
  const orphans = () => execFileSync('sh', ['-c', 'for n in 1 2 3 4 5 6 7 8 9 10; do sleep 0.0$n & done >/dev/null 2>&1'])
  const ended = []
  for (const _ of [1, 2]) {
    orphans()
    ended.push(
      twenty((index, resolve) =>
        spawnProcess({ file: '/bin/sh', args: ['-c', 'sleep 0.0' + (index % 10) + '; exit ' + index], env }, ({ code }) => resolve(code))),
      twenty((index, resolve) =>
        execFile('sh', ['-c', 'sleep 0.0' + (index % 10) + '; exit ' + index], (error) => resolve(error?.code ?? 0))),
    )
    orphans()
  }
  // A loop that does not turn for a while: everything ends meanwhile, and timers come first after it.
  const until = Date.now() + 300
  while (Date.now() < until);
  const exits = await Promise.all(ended)
  const zombies = () => readdirSync('/proc').filter((name) => {
    try { return /^\\d+$/.test(name) && / Z /.test(readFileSync('/proc/' + name + '/stat', 'latin1')) } catch { return false }
  })
  while (zombies().length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  console.log(process.pid, JSON.stringify(exits))`

describe('reapOrphans', () => {
  it('leaves no zombie of an orphan, and steals no exit', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    await using run = TestProcess.start(
      'unshare',
      [...unshare, process.execPath, '--input-type=module', '-e', code],
      { cwd: fileURLToPath(new URL('..', import.meta.url)) },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const exits = Array.from({ length: 20 }, (_, index) => index)
    expect(run.stdout).toBe(`1 ${JSON.stringify([exits, exits, exits, exits])}\n`)
  })
})
