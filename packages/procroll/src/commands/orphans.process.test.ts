import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isAlive, type TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { freeListener, hear, ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** Sockets of another process are shared by pidfd_getfd(2), which root is always allowed. */
const mayTrace = process.platform === 'linux' && process.geteuid?.() === 0

const strace = '/usr/bin/strace'
const ss = '/usr/bin/ss'

/** Kills a supervisor as nothing can be prepared for, and returns the generation that it leaves. */
async function orphanOf(sandbox: ProcrollSandbox, supervisor: TestProcess): Promise<number> {
  const [, pid] = await supervisor.printed(/msg="generation started" generation=1 pid=(\d+)/)
  await kill(supervisor)
  expect(isAlive(Number(pid))).toBe(true)
  expect(sandbox.processes).toEqual([Number(pid)])
  return Number(pid)
}

async function kill(supervisor: TestProcess): Promise<void> {
  supervisor.kill('SIGKILL')
  await waitFor(() => !isAlive(supervisor.pid))
}

function freePort(): number {
  using listener = freeListener()
  return listener.port
}

/** How many connections may wait on the listeners at a port and a path: Send-Q of ss(8). */
function backlogsOf(port: number, path: string): number[] {
  const lines = execFileSync(ss, ['-Hltxn'], { encoding: 'utf8' }).split('\n')
  const rows = lines.map((line) => line.trim().split(/\s+/))
  return [`127.0.0.1:${port}`, path].map((local) => Number(rows.find((row) => row[4] === local)?.[3]))
}

const recordOf = (sandbox: ProcrollSandbox) => `${sandbox.runtime}/api/generations.json`

describe('after procroll was killed, the next one of its name', () => {
  it('lets the orphan serve until its own generation is ready, then ends it, and its notify folder', async () => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const next = sandbox.start(['run', '--name', 'api', '--', ...sandbox.service(`ready-after=${go}`)])
    await next.printed(
      new RegExp(
        `level=WARN msg="generation of a killed procroll keeps serving until the next one is ready" generation=1 pid=${orphan}`,
      ),
    )
    await next.printed(/msg="generation started" generation=1/)
    expect(isAlive(orphan)).toBe(true)
    writeFileSync(go, '')
    await next.printed(/msg="stopping the generation of a killed procroll"/)
    await waitFor(() => !isAlive(orphan))
    next.kill()
    expect((await next.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })

  it('leaves nothing where the killed one was writing its record', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    writeFileSync(`${recordOf(sandbox)}.next`, '{"superv')
    const next = await sandbox.serve(['--name', 'api'])
    await waitFor(() => !isAlive(orphan))
    next.kill()
    expect((await next.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })

  it('does so by its control socket too, and kills what does not end in time', async () => {
    await using sandbox = new ProcrollSandbox()
    const flags = ['--control-socket', sandbox.join('app', 'control.sock'), '--shutdown-timeout', '300ms']
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags, ['stubborn']))
    await sandbox.serve(flags, ['stubborn'])
    await waitFor(() => !isAlive(orphan))
  })

  it('wakes a stopped orphan for its end', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    process.kill(orphan, 'SIGSTOP')
    await sandbox.serve(['--name', 'api'])
    await waitFor(() => !isAlive(orphan))
  })

  it('leaves the orphan serving if the new version cannot start, says so, and finds it again', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    for (const command of [['true'], sandbox.service('exit=3')]) {
      const failed = await sandbox.finish(['run', '--name', 'api', '--', ...command])
      expect(failed.code).not.toBe(0)
      expect(failed.stderr).toMatch(
        new RegExp(
          `level=ERROR msg="the new version does not serve: the generation of a killed procroll keeps serving" generation=1 pid=${orphan}\n$`,
        ),
      )
      expect(isAlive(orphan)).toBe(true)
    }
    await sandbox.serve(['--name', 'api'])
    await waitFor(() => !isAlive(orphan))
  })

  it('finds the orphan again after it was killed itself before it could replace it', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const second = sandbox.start(['run', '--name', 'api', '--', ...sandbox.service('never-ready')])
    const [, unready] = await second.printed(/msg="generation started" generation=1 pid=(\d+)/)
    await kill(second)
    const third = await sandbox.serve(['--name', 'api'])
    await waitFor(() => !isAlive(orphan) && !isAlive(Number(unready)))
    third.kill()
    expect((await third.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })

  it('with --orphans end-first ends it before it starts', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const next = sandbox.start(['run', '--name', 'api', '--orphans', 'end-first', '--', ...sandbox.service()])
    await next.printed(/msg="generation started"/)
    expect(isAlive(orphan)).toBe(false)
    expect(next.stderr).toMatch(
      new RegExp(`level=WARN msg="ending the generation of a killed procroll" generation=1 pid=${orphan}`),
    )
  })

  it('with --orphans refuse lists it, leaves it alone, and exits with 1, every time', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    for (const _ of [1, 2]) {
      const { code, stderr } = await sandbox.finish(['run', '--name', 'api', '--orphans', 'refuse', 'true'])
      expect(code).toBe(1)
      expect(stderr).toBe(
        `procroll: a killed procroll left generation 1 (pid ${orphan}). End them (kill ${orphan}), or run with --orphans end\n`,
      )
      expect(isAlive(orphan)).toBe(true)
    }
  })

  it('can be stopped while it waits for it, and killed', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api'], ['stubborn']))
    const next = sandbox.start(['run', '--name', 'api', '--orphans', 'end-first', 'true'])
    await next.printed(/ending the generation of a killed procroll/)
    next.kill()
    await waitFor(async () => (await sandbox.status()).state === 'stopping')
    expect(isAlive(orphan)).toBe(true)
    expect((await sandbox.finish(['stop', '--now'])).code).toBe(0)
    expect((await next.exit).code).toBe(0)
    expect(isAlive(orphan)).toBe(false)
    expect(sandbox.leftovers).toEqual([])
  })

  it('exits with 70 after an internal error while it waits for it', async () => {
    await using sandbox = new ProcrollSandbox()
    const flags = ['--name', 'api', '--orphans', 'end-first', '--shutdown-timeout', '300ms']
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api'], ['stubborn']))
    const fault = `data:text/javascript,const kill = process.kill;
      process.kill = (...words) => {
        process.kill = kill;
        queueMicrotask(() => { throw new Error('a fault') });
        return kill.apply(process, words)
      }`
    const { code, stderr } = await sandbox.finish(['run', ...flags, 'true'], {
      nodeFlags: ['--import', fault],
    })
    expect(stderr).toMatch(/internal error: procroll stops the service" error="a fault"/)
    expect(code).toBe(70)
    expect(isAlive(orphan)).toBe(false)
    expect(sandbox.leftovers).toEqual([])
  })

  it('ends the orphan when it is stopped before its own generation is ready', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const next = sandbox.start(['run', '--name', 'api', '--', ...sandbox.service('never-ready')])
    await next.printed(/msg="generation started" generation=1/)
    next.kill()
    expect((await next.exit).code).toBe(0)
    expect(isAlive(orphan)).toBe(false)
    expect(sandbox.leftovers).toEqual([])
  })

  it.runIf(process.platform === 'linux')('never signals a process that got the pid since', async () => {
    await using sandbox = new ProcrollSandbox()
    const bystander = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const record = JSON.parse(readFileSync(recordOf(sandbox), 'utf8'))
    const [generation] = record.generations
    generation.startedAt = generation.startedAt.replace(/\d+$/, '1')
    generation.notifySocket = generation.notifySocket.replace('1.sock', '99.sock')
    writeFileSync(recordOf(sandbox), JSON.stringify(record))
    await sandbox.serve(['--name', 'api'])
    expect(isAlive(bystander)).toBe(true)
  })

  it('passes over a record that makes no sense', async () => {
    await using sandbox = new ProcrollSandbox()
    await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    writeFileSync(recordOf(sandbox), '{"generations":[{"pid":-1}]}')
    const next = await sandbox.serve(['--name', 'api'])
    await next.printed(/level=WARN msg="cannot use the record of former generations"/)
  })
})

describe.runIf(mayTrace)('the sockets of an orphan', () => {
  it('are shared with it: clients get answers at any time, even after a failed version', async () => {
    await using sandbox = new ProcrollSandbox()
    const [port, path] = [freePort(), sandbox.join('app.sock')]
    const flags = ['--name', 'api', '--listen', `tcp://127.0.0.1:${port}`, '--listen', `unix://${path}`]
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags, ['name=old']))

    const failed = await sandbox.finish(['run', ...flags, '--', 'false'])
    expect(failed.code).toBe(1)
    for (const target of [port, path]) expect(await hear(target)).toMatch(/^old on /)

    const go = sandbox.join('go')
    const next = sandbox.start(['run', ...flags, '--', ...sandbox.service('name=new', `ready-after=${go}`)])
    await next.printed(/msg="generation started"/)
    expect(isAlive(orphan)).toBe(true)
    writeFileSync(go, '')
    await waitFor(() => !isAlive(orphan))
    expect(await hear(port)).toBe(`new on ${port}\n`)
    expect(await hear(path)).toBe('new on app.sock\n')
    next.kill()
    expect((await next.exit).code).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  it('are found again after a try that did not want one of them', async () => {
    await using sandbox = new ProcrollSandbox()
    const ports = [freePort(), freePort()]
    const all = ports.map((port) => ['--listen', `tcp://127.0.0.1:${port}`])
    const orphan = await orphanOf(
      sandbox,
      await sandbox.serve(['--name', 'api', ...all.flat()], ['name=old']),
    )
    for (const listen of [[], all.slice(1), all, all]) {
      const failed = await sandbox.finish(['run', '--name', 'api', ...listen.flat(), '--', 'false'])
      expect(failed.code).toBe(1)
      expect(isAlive(orphan)).toBe(true)
      for (const port of ports) expect(await hear(port)).toBe(`old on ${port}\n`)
      expect(JSON.parse(readFileSync(recordOf(sandbox), 'utf8')).listeners).toHaveLength(2)
    }
  })

  it('take over the options that --listen has now', async () => {
    await using sandbox = new ProcrollSandbox()
    const [port, path] = [freePort(), sandbox.join('app.sock')]
    const flags = (tcp: string, unix: string) => [
      ...['--name', 'api', '--listen', `tcp://127.0.0.1:${port}${tcp}`, '--listen', `unix://${path}${unix}`],
    ]
    const access = () => {
      const { mode, gid } = statSync(path)
      return [(mode & 0o777).toString(8), gid]
    }
    await kill(await sandbox.serve(flags('', '?mode=0600&group=12'), ['name=old']))
    expect(access()).toEqual(['600', 12])
    const changes: [string, string, [string, number]][] = [
      ['?backlog=3', '?group=13&backlog=4', ['660', 13]],
      ['', '', [(0o777 & ~process.umask()).toString(8), process.getegid?.() ?? 0]],
    ]
    for (const [tcp, unix, expected] of changes) {
      // A service that listens again changes the backlog itself, as Node does. This one does not.
      const idle = sandbox.start(['run', ...flags(tcp, unix), '--', 'sleep', '1000'])
      await idle.printed(/msg="generation started"/)
      if (existsSync(ss)) expect(backlogsOf(port, path)).toEqual(tcp === '' ? [511, 511] : [3, 4])
      await kill(idle)
      const next = await sandbox.serve(flags(tcp, unix), ['name=new'])
      expect(next.stderr).toContain('keeps serving until the next one is ready')
      expect(next.stderr).not.toMatch(/cannot take over|killed procroll first/)
      expect(access()).toEqual(expected)
      await next.printed(/stopping the generation of a killed procroll/)
      await waitFor(async () => (await hear(path)) === 'new on app.sock\n')
      await kill(next)
    }
  })

  it.each([
    ['the type of a UNIX socket', 'unix', '', '?type=seqpacket'],
    ['ipv6only', 'tcp', '?ipv6only', ''],
    ['reuseport', 'tcp', '', '?reuseport'],
  ])(
    'are opened anew, once it has ended, where %s changes: a bound socket keeps that',
    async (_, kind, before, after) => {
      await using sandbox = new ProcrollSandbox()
      const place = kind === 'unix' ? `unix://${sandbox.join('app.sock')}` : `tcp://[::1]:${freePort()}`
      const flags = (options: string) => ['--name', 'api', '--listen', `${place}${options}`]
      const orphan = await orphanOf(sandbox, await sandbox.serve(flags(before)))
      const next = sandbox.start(['run', ...flags(after), '--', ...sandbox.service()])
      await next.printed(new RegExp(`msg="ending the generation of a killed procroll first.*pid=${orphan} `))
      await next.printed(/msg="generation started"/)
      expect(isAlive(orphan)).toBe(false)
    },
  )

  it('keep their order among new ones', async () => {
    await using sandbox = new ProcrollSandbox()
    const [first, second, third] = [freePort(), freePort(), freePort()]
    const listen = (...ports: number[]) => ports.flatMap((port) => ['--listen', `tcp://127.0.0.1:${port}`])
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api', ...listen(first, third)]))
    await sandbox.serve(['--name', 'api', ...listen(third, second, first)], ['name=new'])
    await waitFor(() => !isAlive(orphan))
    for (const port of [first, second, third]) expect(await hear(port)).toBe(`new on ${port}\n`)
  })

  it('are found at any number, and after a second kill', async () => {
    await using sandbox = new ProcrollSandbox()
    const port = freePort()
    const flags = ['--name', 'api', '--listen', `tcp://127.0.0.1:${port}`]
    await orphanOf(sandbox, await sandbox.serve(flags, ['name=1']))
    const second = await sandbox.serve(flags, ['name=2'])
    await waitFor(async () => (await sandbox.status()).state === 'serving')
    await second.printed(/stopping the generation of a killed procroll/)
    await kill(second)
    await sandbox.serve(flags, ['name=3'])
    await waitFor(async () => (await hear(port)) === `3 on ${port}\n`)
  })

  it.runIf(existsSync(strace))('that may not be traced let it end first, and the log says why', async () => {
    await using sandbox = new ProcrollSandbox()
    const flags = ['--name', 'api', '--listen', `unix://${sandbox.join('app.sock')}`]
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags))
    const inject = ['-e', 'trace=pidfd_getfd', '-e', 'inject=pidfd_getfd:error=EPERM']
    const next = sandbox.start(['run', ...flags, '--', ...sandbox.service('name=new')], {
      under: [strace, '-f', '-qq', '-o', '/dev/null', ...inject],
    })
    await next.printed(
      /level=WARN msg="cannot take over the socket of a killed procroll" socket=app.sock error=".*EPERM/,
    )
    await next.printed(new RegExp(`msg="ending the generation of a killed procroll first.*pid=${orphan} `))
    await next.printed(/msg="generation serves" generation=1/)
    expect(isAlive(orphan)).toBe(false)
    expect(await hear(sandbox.join('app.sock'))).toBe('new on app.sock\n')
  })

  it.each([
    ['an unknown group', () => 'unix:///tmp/procroll-never.sock?group=nosuchgroup'],
    ['a missing folder', () => 'unix:///nowhere/app.sock'],
    ['an unknown host', () => 'tcp://host.invalid:0'],
    ['an address that a stranger holds', (stranger: number) => `tcp://127.0.0.1:${stranger}`],
  ])('stay with it where --listen has %s as well: it can never work', async (_, also) => {
    await using sandbox = new ProcrollSandbox()
    using stranger = freeListener()
    const port = freePort()
    const flags = ['--name', 'api', '--listen', `tcp://127.0.0.1:${port}`]
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags, ['name=old']))
    // The first failure is one that the end of the orphan would mend.
    const wider = ['--name', 'api', '--listen', `tcp://0.0.0.0:${port}`, '--listen', also(stranger.port)]
    const { code, stderr } = await sandbox.finish(['run', ...wider, '--', 'false'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/procroll: cannot listen on /)
    expect(isAlive(orphan)).toBe(true)
    expect(await hear(port)).toBe(`old on ${port}\n`)
  })

  it('that cannot be taken over let it end first, and the log says why', async () => {
    await using sandbox = new ProcrollSandbox()
    const port = freePort()
    const flags = ['--name', 'api', '--listen', `tcp://127.0.0.1:${port}`]
    const orphan = await orphanOf(sandbox, await sandbox.serve(flags))
    const record = JSON.parse(readFileSync(recordOf(sandbox), 'utf8'))
    record.listeners = []
    writeFileSync(recordOf(sandbox), JSON.stringify(record))
    const next = await sandbox.serve(flags, ['name=new'])
    expect(isAlive(orphan)).toBe(false)
    expect(next.stderr).toMatch(
      new RegExp(
        `level=WARN msg="ending the generation of a killed procroll first.*" generation=1 pid=${orphan} reason=`,
      ),
    )
    expect(await hear(port)).toBe(`new on ${port}\n`)
  })
})

describe.runIf(process.platform === 'linux')('a generation that no record knows by its pid', () => {
  it('is found by its notify socket, with its group: it was just being started', async () => {
    await using sandbox = new ProcrollSandbox()
    const orphan = await orphanOf(sandbox, await sandbox.serve(['--name', 'api']))
    const record = JSON.parse(readFileSync(recordOf(sandbox), 'utf8'))
    delete record.generations[0].pid
    delete record.generations[0].group
    writeFileSync(recordOf(sandbox), JSON.stringify(record))
    await sandbox.serve(['--name', 'api'])
    await waitFor(() => !isAlive(orphan))
  })

  it('is noted before it is started', async () => {
    await using sandbox = new ProcrollSandbox()
    const noted = sandbox.join('noted')
    const script = `cp '${recordOf(sandbox)}' '${noted}'; exit 1`
    await sandbox.finish(['run', '--name', 'api', '--', 'sh', '-c', script])
    const { generations } = JSON.parse(readFileSync(noted, 'utf8'))
    expect(generations).toMatchObject([{ generation: 1, notifySocket: expect.stringMatching(/1\.sock$/) }])
  })

  it('is found after its main process moved, without a record of that', async () => {
    await using sandbox = new ProcrollSandbox()
    const script = 'setsid sleep 1000 & exec sleep 1000'
    const supervisor = sandbox.start(['run', '--name', 'api', '--', 'sh', '-c', script])
    await supervisor.printed(/msg="generation started"/)
    const pids = await waitFor(() => {
      const found = sandbox.processes.filter((pid) => pid !== supervisor.pid)
      return found.length === 2 ? found : undefined
    })
    // The log tells of the start a moment before the record does.
    const noted = () => JSON.parse(readFileSync(recordOf(sandbox), 'utf8')).generations[0]?.pid
    const main = await waitFor<number>(noted)
    await kill(supervisor)
    process.kill(main, 'SIGKILL')
    await sandbox.serve(['--name', 'api'])
    await waitFor(() => !pids.some(isAlive))
  })
})

describe('what a killed procroll without a name left', () => {
  it('is removed when its generations are gone, and only reported before', async () => {
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

  it('stays if it holds what no procroll made, and the start does not fail', async () => {
    await using sandbox = new ProcrollSandbox()
    const killed = await sandbox.serve([])
    const orphan = await orphanOf(sandbox, killed)
    process.kill(orphan, 'SIGKILL')
    await waitFor(() => !isAlive(orphan))
    const precious = `${sandbox.runtime}/${killed.pid}/thesis`
    writeFileSync(precious, '')
    await sandbox.serve([])
    expect(existsSync(precious)).toBe(true)
  })
})
