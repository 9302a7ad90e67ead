import { writeFileSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox } from './testing/procroll-sandbox.ts'

const timeoutMs = 1_000

/** Stops processes for longer than every timeout of the tests, as a debugger, a freezer or a snapshot does. */
async function pause(pids: readonly number[], meanwhile: () => void = () => {}): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  meanwhile()
  const over = performance.now() + 2.5 * timeoutMs
  await waitFor(() => performance.now() > over)
  for (const pid of pids) process.kill(pid, 'SIGCONT')
}

async function generation(sandbox: ProcrollSandbox, id: number): Promise<number> {
  return waitFor(async () => (await sandbox.status()).generations.find((one) => one.generation === id)?.pid)
}

describe('a procroll that was paused for longer than every timeout', () => {
  it('ends no generation by its watchdog', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--watchdog', `${timeoutMs}ms`], ['ping=100'])
    const pid = await generation(sandbox, 1)
    await pause([supervisor.pid])
    await pause([supervisor.pid, pid])
    expect(await generation(sandbox, 1)).toBe(pid)
    expect(supervisor.stderr).not.toContain('generation failed')
  })

  it('reads that a generation is ready before it judges that it is late', async () => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const supervisor = await sandbox.serve(
      ['--ready-timeout', `${timeoutMs}ms`],
      [`only-in-2:ready-after=${go}`],
    )
    const roll = sandbox.finish(['roll'])
    await supervisor.printed(/msg="generation started" generation=2/)
    await pause([supervisor.pid], () => writeFileSync(go, ''))
    expect(await roll).toMatchObject({ code: 0 })
  })

  it('gives a generation the time to drain that was left', async () => {
    await using sandbox = new ProcrollSandbox()
    const drained = sandbox.join('drained')
    const supervisor = await sandbox.serve(
      ['--drain-timeout', `${timeoutMs}ms`],
      [`only-in-1:drain-until=${drained}`],
    )
    const first = await generation(sandbox, 1)
    await sandbox.finish(['roll'])
    await pause([supervisor.pid, first])
    writeFileSync(drained, '')
    await supervisor.printed(/msg="generation exited" generation=1 exit_code=0/)
    expect(supervisor.stderr).not.toContain('killing generation')
  })
})
