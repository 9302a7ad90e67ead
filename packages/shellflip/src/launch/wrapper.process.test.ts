import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isAlive, processesWith, processState, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { program, RepeatedService } from '../testing/repeated-service.ts'

vi.setConfig({ testTimeout: 60_000 })

const { execPath: node } = process

/** A service whose successors are started by this shell script. `$SERVICE` runs the program. */
async function wrapped(script: string, env: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder()
  const file = folder.join('start.sh')
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const pidFile = folder.join('pid')
  const trouble = folder.join('trouble')
  const launch = { file, args: [], env: { SERVICE: `${node} ${program}` } }
  const service = await RepeatedService.start([node, program], {
    env: { APP_LAUNCH: JSON.stringify(launch), APP_PID_FILE: pidFile, APP_TROUBLE: trouble, ...env },
  }).catch((error) => {
    folder[Symbol.dispose]()
    throw error
  })
  return {
    service,
    trouble,
    /** Whose pid the successor has written down. */
    writtenPid: () => Number(readFileSync(pidFile, 'utf8')),
    startedPid: () => service.lines.findLast(({ started }) => started)?.started as number,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

const processesOf = (file: string) => processesWith(`APP_TROUBLE=${file}\0`).filter(isAlive)

describe.runIf(process.platform === 'linux')('a successor that a wrapper script starts', () => {
  test.each([
    ['a service that replaces itself', {}],
    ['one under a service manager', { NOTIFY_SOCKET: '/nobody/listens/there' }],
    ['one under a launcher', { APP_LAUNCHER: '1' }],
  ])('is the pid that is reported, to %s', async (_, env) => {
    await using run = await wrapped('$SERVICE\necho the script ends', env)
    for (const _ of [2, 3]) {
      const { pid, parent } = await run.service.upgraded()
      expect(run.writtenPid()).toBe(pid)
      expect(run.startedPid()).toBe(parent)
      await run.service.line(({ hook }) => hook === pid)
    }
    process.kill(run.service.serving.pid, 'SIGTERM')
    await run.service.process.printed(/the script ends/)
  })

  test('gets the signals that its launcher gets, which waits for the script', async () => {
    await using run = await wrapped('$SERVICE\necho the script ends; exit 5', { APP_LAUNCHER: '1' })
    const { pid } = await run.service.upgraded()
    run.service.process.kill('SIGUSR2')
    await run.service.line(({ pid: other, serves }) => serves && other !== pid && other === run.writtenPid())
    const third = run.service.serving.pid
    expect(third).not.toBe(pid)
    run.service.process.kill('SIGTERM')
    await run.service.line(({ pid: other, done }) => other === third && done === 'stopped')
    expect(await run.service.process.exit).toEqual({ code: 5, signal: null })
    expect(run.service.process.stdout.match(/the script ends/g)).toHaveLength(2)
  })

  describe('whose script ends after its hello', () => {
    const script = '$SERVICE &\nwhile [ ! -e "$APP_TROUBLE.over" ]; do sleep 0.05; done'

    /** Amid an upgrade, when the script is gone. @returns the service */
    async function orphaned(run: Awaited<ReturnType<typeof wrapped>>): Promise<number> {
      writeFileSync(run.trouble, '')
      process.kill(run.service.serving.pid, 'SIGUSR2')
      const { pid } = await run.service.line(({ hangs }) => hangs)
      writeFileSync(`${run.trouble}.over`, '')
      // Reaped: its predecessor has seen it.
      await waitFor(() => processState(run.startedPid()) === undefined)
      return pid
    }

    test('takes over all the same', async () => {
      await using run = await wrapped(script)
      const pid = await orphaned(run)
      rmSync(run.trouble)
      const { outcome } = await run.service.line((line) => line.outcome)
      expect(outcome).toMatchObject({ type: 'upgraded', pid })
    })

    test('and that is killed then has failed', async () => {
      await using run = await wrapped(script)
      process.kill(await orphaned(run), 'SIGKILL')
      const { outcome } = await run.service.line((line) => line.outcome)
      expect(outcome).toMatchObject({ type: 'failed', failure: { type: 'exited', code: null, signal: null } })
      expect(processesOf(run.trouble)).toEqual([run.service.serving.pid])
    })
  })

  test.each([
    ['in the session of its script', '$SERVICE'],
    ['in a session of its own', 'setsid -w $SERVICE'],
  ])('that is not ready in time is killed, %s', async (_, script) => {
    await using run = await wrapped(script, { APP_READY_TIMEOUT: '1500' })
    writeFileSync(run.trouble, '')
    expect(await run.service.upgrade()).toMatchObject({ type: 'failed', failure: { type: 'not-ready' } })
    await waitFor(() => processesOf(run.trouble).length === 1, { what: 'the predecessor alone' })
    expect(processesOf(run.trouble)).toEqual([run.service.serving.pid])
  })

  test('that is killed has failed, although the script keeps running', async () => {
    await using run = await wrapped('$SERVICE; sleep 1000')
    writeFileSync(run.trouble, '')
    process.kill(run.service.serving.pid, 'SIGUSR2')
    const { pid: service } = await run.service.line(({ hangs }) => hangs)
    process.kill(service, 'SIGKILL')
    const { outcome } = await run.service.line((line) => line.outcome)
    expect(outcome).toMatchObject({ failure: { type: 'exited', code: null, signal: null } })
    expect(outcome).toMatchObject({ message: 'the successor exited before it was ready' })
    expect(isAlive(run.startedPid())).toBe(false)
  })

  test('in a pid namespace of its own is reported by its pid in ours', async (context) => {
    const flags = ['--pid', '--fork', '--kill-child', '--mount-proc']
    if (spawnSync('unshare', [...flags, 'true']).status !== 0) {
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    }
    await using run = await wrapped(`exec unshare ${flags.join(' ')} $SERVICE`)
    const outcome = await run.service.upgrade()
    if (outcome.type !== 'upgraded') throw new Error(JSON.stringify(outcome))
    await run.service.line(({ pid, serves }) => serves && pid === 1)
    expect(readFileSync(`/proc/${outcome.pid}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t1$/m)
    process.kill(outcome.pid, 'SIGTERM')
    await run.service.line(({ pid, done }) => pid === 1 && done === 'stopped')
  })
})
