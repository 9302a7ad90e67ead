import { spawnSync } from 'node:child_process'
import { argumentsOf, childrenOf, processState, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox } from '../testing/procroll-sandbox.ts'

const program = 'unshare'
const flags = ['--pid', '--fork', '--kill-child', '--mount-proc']
const unshare = [program, ...flags]
const canUnshare = spawnSync(program, [...flags, 'true']).status === 0

/** Leaves orphans that end at once, ten at a time, and ends at SIGTERM. */
const service = ({ scripted }: ProcrollSandbox) => `
  (while :; do for n in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.01 &); done; sleep 0.2; done) &
  exec ${scripted} catch 15 notify READY=1 await-signal exit 0`

/** How many zombies each process of the sandbox has for children. */
function zombies(sandbox: ProcrollSandbox): number {
  return sandbox.processes.flatMap(childrenOf).filter((pid) => processState(pid) === 'Z').length
}

describe.runIf(canUnshare)('as PID 1 of a container, without an init', () => {
  it('procroll reaps orphans, knows how its generations end, rolls and stops', async () => {
    await using sandbox = new ProcrollSandbox()
    const command = ['sh', '-c', service(sandbox)]
    const supervisor = sandbox.start(['run', '--name', 'one', ...command], { under: unshare })
    await supervisor.printed(/generation serves/)
    await waitFor(() => sandbox.processes.length > 5)
    await waitFor(() => zombies(sandbox) === 0)
    expect(
      await sandbox.finish(['roll', '--name', 'one'], {
        under: ['nsenter', '-t', String(pidOf(sandbox)), '-p', '-m'],
      }),
    ).toMatchObject({ code: 0 })
    await supervisor.printed(/generation exited" generation=1 exit_code=0/)
    process.kill(pidOf(sandbox), 'SIGTERM')
    expect((await supervisor.exit).code, supervisor.stderr).toBe(0)
    expect(supervisor.stderr).not.toContain('init')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('%s stops it', async (signal) => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = sandbox.start(['run', 'sh', '-c', service(sandbox)], { under: unshare })
    await supervisor.printed(/generation serves/)
    process.kill(pidOf(sandbox), signal)
    expect((await supervisor.exit).code, supervisor.stderr).toBe(0)
  })
})

/** procroll's own pid, as it is outside. */
function pidOf(sandbox: ProcrollSandbox): number {
  const pid = sandbox.processes.find((pid) => {
    const [file, script, command] = argumentsOf(pid)
    return file === process.execPath && script === cli && command === 'run'
  })
  if (pid === undefined) throw new Error('procroll is not running')
  return pid
}
