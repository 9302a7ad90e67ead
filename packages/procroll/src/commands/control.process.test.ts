import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askForReplies, ControlServer } from '@shellflip/control-socket'
import { type ControlReply, statusSchema, supervisorProtocol } from '@shellflip/supervisor-control'
import { isAlive, TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** script(1) gives a program a terminal. */
const terminal = '/usr/bin/script'

describe('procroll roll', () => {
  it('waits for the outcome, and prints it', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(['--name', 'api'])
    const { code, stdout, stderr } = await sandbox.finish(['roll'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^generation 2 ready \(pid \d+\) in \d+ ms\n$/)
    expect(stderr).toMatch(/^generation 2 \(pid \d+\) is starting \(10s at most\)\n$/)
    const [, pid] = /pid (\d+)/.exec(stdout) ?? []
    expect(isAlive(Number(pid))).toBe(true)
  })

  it.each<[string, string[], RegExp]>([
    ['exit=3', [], /^procroll: generation 2 failed: exited with 3 before ready$/m],
    ['never-ready', ['--ready-timeout', '2s'], /^procroll: generation 2 failed: not ready within 2s$/m],
  ])('of a generation with %s exits with 1 and the reason', async (setting, flags, reason) => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(flags, [`only-in-2:${setting}`])
    const { code, stdout, stderr } = await sandbox.finish(['roll'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(reason)
    const { generations, lastRoll } = await sandbox.status()
    expect(generations.filter(({ state }) => state === 'ready').map(({ generation }) => generation)).toEqual([
      1,
    ])
    expect(lastRoll?.type).toBe('failed')
  })

  it('ends with 4 when --timeout passes, and the roll continues', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['only-in-2:never-ready'])
    const { code, stderr } = await sandbox.finish(['roll', '--timeout', '300ms'])
    expect(code).toBe(4)
    expect(stderr).toMatch(
      /^procroll: no outcome within 300ms. The roll continues: procroll status shows it$/m,
    )
    expect((await sandbox.status()).state).toBe('rolling')
    expect(isAlive(supervisor.pid)).toBe(true)
  })

  it('that is requested during a roll waits for the next one, and shares it', async () => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const supervisor = await sandbox.serve([], [`only-in-2:ready-after=${go}`])
    supervisor.kill('SIGHUP')
    await supervisor.printed(/msg="generation started" generation=2/)
    const both = [sandbox.start(['roll']), sandbox.start(['roll'])]
    for (const asking of both)
      await asking.printed(/^another roll or start is in progress. This one follows$/m)
    writeFileSync(go, '')
    for (const asking of both) {
      expect((await asking.exit).code).toBe(0)
      expect(asking.stdout).toMatch(/^generation 3 ready/)
    }
  })

  it('is refused while the supervisor stops', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['stubborn'])
    supervisor.kill('SIGTERM')
    await supervisor.printed(/stopping generation/)
    const { code, stderr } = await sandbox.finish(['roll'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'procroll: refused: the supervisor is stopping\n' })
  })

  it('learns that the supervisor was killed', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['only-in-2:never-ready'])
    const asking = sandbox.start(['roll'])
    await asking.printed(/is starting/)
    supervisor.kill('SIGKILL')
    expect((await asking.exit).code).toBe(1)
    expect(asking.stderr).toMatch(/^procroll: the supervisor exited before the roll was over$/m)
  })

  it.runIf(existsSync(terminal))('draws one live line on a terminal', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(['--ready-timeout', '2s'], ['only-in-2:never-ready'])
    const command = `"${process.execPath}" "${cli}" roll`
    await using asking = TestProcess.start(terminal, ['-qec', command, '/dev/null'], { env: sandbox.env })
    expect((await asking.exit).code).toBe(1)
    const drawn = asking.stdout.split('\r\x1b[K')
    expect(drawn[0]).toBe('\x1b[?25l')
    expect(drawn).toContainEqual(
      expect.stringMatching(/^generation 2 \(pid \d+\) is starting [01]\.\d+s of 2s$/),
    )
    expect(drawn.at(-1)).toBe('\x1b[?25hprocroll: generation 2 failed: not ready within 2s\r\n')
  })
})

describe('procroll status', () => {
  it('shows a table, and JSON by its schema', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(
      ['--name', 'api', '--listen', 'web=tcp://127.0.0.1:0'],
      ['status=all well \x1b[31m'],
    )
    await waitFor(async () => (await sandbox.status()).generations[0]?.status)
    const { code, stdout } = await sandbox.finish(['status', '--name', 'api'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^api: serving, pid ${supervisor.pid}, since `))
    expect(stdout).toMatch(/^listening: web on tcp:\/\/127\.0\.0\.1:\d+$/m)
    expect(stdout).toMatch(
      /^GENERATION +PID +STATE +SINCE +STATUS\n1 +\d+ +ready +\S+ \S+ +all well +\[31m\n$/m,
    )
    expect(stdout).not.toContain('\x1b')

    const json = await sandbox.finish(['status', '--json'])
    expect(json.stdout).toMatch(/^\{.*\}\n$/)
    const status = statusSchema.parse(JSON.parse(json.stdout))
    expect(status).toMatchObject({ name: 'api', pid: supervisor.pid, state: 'serving' })
    expect(status.generations).toMatchObject([
      { generation: 1, state: 'ready', status: expect.stringMatching(/^all well/) },
    ])
  })

  it('watches until the supervisor ends', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(['--name', 'api', '--listen', 'tcp://127.0.0.1:0'])
    const watching = sandbox.start(['status', '--json', '--watch'])
    await watching.printed(/"state":"serving"/)
    await sandbox.finish(['roll'])
    await watching.printed(/"generation":2,"pid":\d+,"state":"ready"/)
    await sandbox.finish(['stop'])
    expect({ ...(await watching.exit), stderr: watching.stderr }).toMatchObject({ code: 0, stderr: '' })
    const states = watching.stdout
      .trim()
      .split('\n')
      .map((line) => statusSchema.parse(JSON.parse(line)).state)
    expect(states[0]).toBe('serving')
    expect(states.at(-1)).toBe('stopped')
  })

  it('does not mind that its reader had enough', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([])
    const script = '{ { "$@"; echo "exited with $?" >&3; } | head -n 1; } 3>&1'
    let hasExited = false
    const watching = sandbox.shell(script, ['status', '--watch']).finally(() => {
      hasExited = true
    })
    // It notices at the next change, and a roll may end before it watches.
    await waitFor(async () => (await sandbox.finish(['roll'])).code === 0 && hasExited)
    const { stdout, stderr } = await watching
    expect(stderr).toBe('')
    expect(stdout).toMatch(new RegExp(`^${supervisor.pid}: .*\nexited with 0\n$`))
  })
})

describe.runIf(existsSync(terminal))('procroll status --watch on a terminal', () => {
  const enter = 'ESC[?1049hESC[?25l'
  const leave = 'ESC[?25hESC[?1049l'
  const drawnOn = ({ stdout }: TestProcess) => stdout.replaceAll('\x1b', 'ESC')

  /** Runs a shell script on a terminal, with procroll as `$PROCROLL`. */
  function onTerminal(sandbox: ProcrollSandbox, script: string, env: NodeJS.ProcessEnv = {}): TestProcess {
    const named = { PROCROLL: `${process.execPath} ${cli}`, NO_COLOR: undefined, FORCE_COLOR: undefined }
    return TestProcess.start(terminal, ['-qec', script, '/dev/null'], {
      env: { ...sandbox.env, TERM: 'xterm', ...named, ...env },
    })
  }

  it('draws in place, and leaves the last state on the normal screen', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'])
    await using watching = onTerminal(sandbox, 'exec $PROCROLL status --watch')
    await watching.printed(/serving/)
    supervisor.kill()
    expect((await watching.exit).code).toBe(0)
    expect(drawnOn(watching).split(enter)).toHaveLength(2)
    const [live = '', normal = ''] = drawnOn(watching).split(leave)
    expect(live).toContain('ESC[Hapi: ESC[32mservingESC[39m')
    expect(normal).toMatch(/^api: ESC\[2mstoppedESC\[22m, pid \d+/)
  })

  it('restores the terminal when a signal ends it, which its parent sees', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(['--name', 'api'])
    await using watching = onTerminal(sandbox, '$PROCROLL status --watch & echo pid=$!; wait $!; echo rc=$?')
    await watching.printed(/serving/)
    const [, pid] = /pid=(\d+)/.exec(watching.stdout) ?? []
    process.kill(Number(pid), 'SIGTERM')
    await watching.exit
    expect(drawnOn(watching).split(leave)[1]).toMatch(/^api: /)
    expect(watching.stdout).toContain('rc=143')
  })

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['a dumb terminal', { TERM: 'dumb' }, /^(?!.*ESC\[)api: serving, pid/s],
    ['NO_COLOR', { NO_COLOR: '1' }, /^ESC\[\S*ESC\[Hapi: serving, pid/],
  ])('respects %s', async (_, env, expected) => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'])
    await using watching = onTerminal(sandbox, 'exec $PROCROLL status --watch', env)
    await watching.printed(/serving, pid/)
    supervisor.kill()
    expect((await watching.exit).code).toBe(0)
    expect(drawnOn(watching)).toMatch(expected)
    expect(drawnOn(watching)).not.toMatch(/ESC\[\d+m/)
  })
})

describe('a dashboard that leaks its watchers', () => {
  it('does not block a status, a roll or a stop', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve(['--name', 'api'])
    const path = join(sandbox.runtime, 'api', 'control.sock')
    const watchers: AsyncGenerator<ControlReply, void>[] = []
    for (let type = ''; type !== 'refused'; ) {
      expect(watchers.length).toBeLessThanOrEqual(32)
      const replies = askForReplies({
        path,
        protocol: supervisorProtocol,
        request: { type: 'status', watch: true },
      })
      watchers.push(replies)
      type = (await replies.next()).value?.type ?? 'none'
    }

    const refused = await sandbox.finish(['status', '--watch'])
    expect({ ...refused, signal: null }).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr:
        'procroll: the supervisor refused: too many requests of this kind (watch) are being answered. Try again later.\n',
    })
    expect((await sandbox.status()).state).toBe('serving')
    for (const command of ['roll', 'stop']) expect((await sandbox.finish([command])).code).toBe(0)
    for (const replies of watchers) await replies.return()
  })
})

describe('what others wrote', () => {
  const evil = 'x\x1b[2J\x9b1m\u202e'

  it('cannot touch the terminal: the name of a supervisor, the reason of a refusal, a status in JSON', async () => {
    await using sandbox = new ProcrollSandbox()
    const serve = (name: string) =>
      ControlServer.listen({
        path: join(sandbox.runtime, name, 'control.sock'),
        protocol: supervisorProtocol,
        answer: async ({ type }) => {
          if (type === 'roll') return { type: 'refused' as const, reason: `no\n${evil}` }
          const since = new Date().toISOString()
          const status = { name: evil, pid: 1, version: '1', state: 'serving' as const, since }
          return {
            type: 'status' as const,
            status: { ...status, command: [], generations: [], listeners: [] },
          }
        },
      })
    await using _api = await serve('api')
    await using _evil = await serve(evil)
    const several = await sandbox.finish(['status'])
    expect(several.stderr).toBe(
      'procroll: 2 supervisors are running: api, x\\x1b[2J\\u009b1m\\u202e. Choose one, for example: --name api\n',
    )
    const refused = await sandbox.finish(['roll', '--name', 'api'])
    expect(refused.stderr).toBe('procroll: the supervisor refused: no x\\x1b[2J\\u009b1m\\u202e\n')
    const json = await sandbox.finish(['status', '--name', 'api', '--json'])
    expect(json.stdout.trimEnd()).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(JSON.parse(json.stdout).name).toBe(evil)
  })
})

describe('procroll stop', () => {
  it('waits until nothing is left', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api', '--drain-timeout', '300ms'], ['stubborn'])
    const { code, stdout, stderr } = await sandbox.finish(['stop'])
    expect(isAlive(supervisor.pid)).toBe(false)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^waiting for generation 1\n/)
    expect((await supervisor.exit).code).toBe(0)
    expect(sandbox.processes).toEqual([])
    expect(sandbox.leftovers).toEqual([])
  })
})

describe('procroll stop, sent to a supervisor that takes its time to exit', () => {
  it('waits for its pid', async () => {
    await using sandbox = new ProcrollSandbox()
    await using slow = TestProcess.start('sleep', ['60'])
    const path = sandbox.join('app', 'control.sock')
    const server = await ControlServer.listen({
      path,
      protocol: supervisorProtocol,
      answer: async () => ({ type: 'stopping' as const, pid: slow.pid, generations: [7] }),
    })
    const asking = sandbox.start(['stop', '--control-socket', path])
    await asking.printed(/^waiting for generation 7$/m)
    await server.close()
    // As long as another procroll takes from its start to its end.
    expect((await sandbox.finish(['stop', '--control-socket', path])).code).toBe(3)
    expect(isAlive(asking.pid)).toBe(true)
    slow.kill()
    expect((await asking.exit).code).toBe(0)
  })
})

describe('several supervisors', () => {
  it('run side by side, and are distinguished by name, pid or control socket', async () => {
    await using sandbox = new ProcrollSandbox()
    const unnamed = await sandbox.serve([])
    const controlSocket = sandbox.join('app', 'control.sock')
    const apart = await sandbox.serve(['--control-socket', controlSocket])
    expect((await sandbox.finish(['status'])).stdout).toMatch(new RegExp(`^${unnamed.pid}: `))
    await sandbox.serve(['--name', 'api'])

    const undecided = await sandbox.finish(['roll'])
    expect(undecided.code).toBe(2)
    expect(undecided.stderr).toBe(
      `procroll: 2 supervisors are running: ${unnamed.pid}, api. Choose one, for example: --name ${unnamed.pid}\n`,
    )
    expect((await sandbox.finish(['status', '--name', 'api'])).stdout).toMatch(/^api: /)
    expect((await sandbox.finish(['status', '--name', String(unnamed.pid)])).code).toBe(0)
    const there = await sandbox.finish(['status', '--control-socket', controlSocket, '--json'])
    expect(JSON.parse(there.stdout).pid).toBe(apart.pid)

    expect((await sandbox.finish(['stop', '--control-socket', controlSocket])).code).toBe(0)
    expect(existsSync(controlSocket)).toBe(false)
    expect(existsSync(`${controlSocket}.generations.json`)).toBe(false)
  })
})
