import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isAlive, type TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** Kills a supervisor as nothing can be prepared for, and returns the generation that it leaves. */
async function orphanOf(sandbox: ProcrollSandbox, supervisor: TestProcess): Promise<number> {
  const [, pid] = await supervisor.printed(/msg="generation started" generation=1 pid=(\d+)/)
  supervisor.kill('SIGKILL')
  await waitFor(() => !isAlive(supervisor.pid))
  expect(isAlive(Number(pid))).toBe(true)
  expect(sandbox.processes).toEqual([Number(pid)])
  return Number(pid)
}

describe('after procroll was killed, the next one of its name', () => {
  it('ends the generation that was left, removes its notify folder, and serves', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const next = await sandbox.serve(['--name', 'api'])
    expect(isAlive(orphan)).toBe(false)
    expect(next.stderr).toContain(
      `level=WARN msg="generation of a killed procroll is ended" generation=1 pid=${orphan}`,
    )
    next.kill()
    expect((await next.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })

  it('does so by its control socket too, and kills what does not end in time', async () => {
    await using sandbox = new ProcrollSandbox()
    const flags = ['--control-socket', sandbox.join('app', 'control.sock'), '--shutdown-timeout', '300ms']
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags, ['stubborn']))
    await sandbox.serve(flags, ['stubborn'])
    expect(isAlive(orphan)).toBe(false)
  })

  it('with --orphans refuse lists it, leaves it alone, and exits with 1, every time', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    for (const _ of [1, 2]) {
      const { code, stderr } = await sandbox.finish(['run', '--name', 'api', '--orphans', 'refuse', 'true'])
      expect(code).toBe(1)
      expect(stderr).toBe(
        `procroll: a killed procroll left generation 1 (pid ${orphan}): end them (kill ${orphan}), or run with --orphans end\n`,
      )
      expect(isAlive(orphan)).toBe(true)
    }
  })

  it('can be stopped while it waits for it, and killed', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api'], ['stubborn']))
    const next = sandbox.start(['run', '--name', 'api', 'true'])
    await next.printed(/generation of a killed procroll is ended/)
    next.kill()
    await waitFor(async () => (await sandbox.status()).state === 'stopping')
    expect(isAlive(orphan)).toBe(true)
    expect((await sandbox.finish(['stop', '--now'])).code).toBe(0)
    expect((await next.exit).code).toBe(0)
    expect(isAlive(orphan)).toBe(false)
    expect(sandbox.leftovers).toEqual([])
  })

  it.runIf(process.platform === 'linux')('never signals a process that got the pid since', async () => {
    await using sandbox = new ProcrollSandbox()
    const bystander = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const path = `${sandbox.runtime}/api/generations.json`
    const record = JSON.parse(readFileSync(path, 'utf8'))
    record.generations[0].startedAt = record.generations[0].startedAt.replace(/\d+$/, '1')
    writeFileSync(path, JSON.stringify(record))
    await sandbox.serve(['--name', 'api'])
    expect(isAlive(bystander)).toBe(true)
  })

  it('passes over a record that makes no sense', async () => {
    await using sandbox = new ProcrollSandbox()
    await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    writeFileSync(`${sandbox.runtime}/api/generations.json`, '{"generations":[{"pid":-1}]}')
    const next = await sandbox.serve(['--name', 'api'])
    await next.printed(/level=WARN msg="record of former generations is not usable"/)
  })
})

describe('what a killed procroll without a name left', () => {
  it('is swept away once its generations are gone, and only told of before', async () => {
    await using sandbox = new ProcrollSandbox()
    const killed = await sandbox.serve([])
    const orphan = await orphanOf(sandbox, killed)
    const folder = `${sandbox.runtime}/${killed.pid}`
    const second = await sandbox.serve([])
    await second.printed(
      new RegExp(`a killed procroll without a name left a generation" procroll=${killed.pid}`),
    )
    expect(existsSync(folder)).toBe(true)
    expect((await sandbox.finish(['status', '--json'])).stdout).toContain(`"pid":${second.pid}`)

    process.kill(orphan, 'SIGKILL')
    await waitFor(() => !isAlive(orphan))
    await sandbox.serve([])
    expect(existsSync(folder)).toBe(false)
  })
})
