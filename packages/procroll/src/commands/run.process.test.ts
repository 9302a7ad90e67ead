import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { isAlive, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox, service } from '../testing/procroll-sandbox.ts'

describe('procroll run', () => {
  it('serves, rolls at SIGHUP, stops at SIGTERM, and leaves nothing', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'], ['name=gen-{{.Generation}}-of-{{.PID}}'])
    supervisor.kill('SIGHUP')
    await supervisor.printed(/msg="generation serves" generation=2 predecessor=1/)
    await supervisor.printed(/msg="generation exited" generation=1 exit_code=0/)
    supervisor.kill('SIGTERM')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    // stdout is the generations' own, and the log stays off it.
    expect(supervisor.stdout.split('\n').sort()).toEqual([
      '',
      `gen-1-of-${supervisor.pid} says hello`,
      `gen-2-of-${supervisor.pid} says hello`,
    ])
    expect(supervisor.stderr).not.toContain('hello')
    expect(sandbox.processes).toEqual([])
    expect(sandbox.leftovers).toEqual([])
  })

  it.each([
    [['--', 'echo', '--debug'], '--debug'],
    [['echo', '--debug', '--', 'x'], '--debug -- x'],
    [['echo', '--', '-x'], '-x'],
    [['--', 'echo', '--', '-x'], '-- -x'],
    [['--ready-timeout=5s', '--restart', 'never', 'echo', '--', '-a', '--', '-b'], '-a -- -b'],
  ])('leaves what follows the command to the command: %j', async (args, printed) => {
    await using sandbox = new ProcrollSandbox()
    const { stdout } = await sandbox.finish(['run', ...args])
    expect(stdout).toBe(`${printed}\n`)
  })

  it.each([
    [['sh', '-c', 'exit 7'], 7, 'exited with 7 before ready'],
    [['sh', '-c', 'kill -9 $$'], 137, 'killed by SIGKILL before ready'],
    [['true'], 1, 'exited with 0 before ready'],
    [['no-such-command'], 1, 'cannot start: ENOENT'],
    [['/etc/passwd'], 1, 'cannot start: EACCES'],
    [['/'], 1, 'cannot start: EACCES'],
  ])('of %j, which cannot begin, exits with %d', async (command, status, reason) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stderr } = await sandbox.finish(['run', '--name', 'api', ...command])
    expect(code).toBe(status)
    expect(stderr).toContain(reason)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(sandbox.leftovers).toEqual([])
    expect(sandbox.processes).toEqual([])
  })

  it('exits with 5 where it gives up restarting, whatever the exit status of the service is', async () => {
    await using sandbox = new ProcrollSandbox()
    const ends: [string, string][] = [
      ['always', '0'],
      ['on-failure', '3'],
    ]
    const runs = ends.map(([mode, status]) =>
      sandbox.finish(['run', '--name', mode, '--restart', mode, '--', ...sandbox.service(`end=${status}`)]),
    )
    for (const { code, stderr } of await Promise.all(runs)) {
      expect(code).toBe(5)
      expect(stderr).toContain('Gave up restarting after more than 5 restarts within 60s')
    }
    expect(sandbox.leftovers).toEqual([])
  })

  it('stops at once while its first generation is not ready', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = sandbox.start(['run', '--', process.execPath, service, 'never-ready'])
    await supervisor.printed(/says hello/)
    supervisor.kill('SIGTERM')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(sandbox.leftovers).toEqual([])
  })

  it('starts what the working directory holds then, under the name that was given', async () => {
    await using sandbox = new ProcrollSandbox()
    for (const version of ['v1', 'v2']) {
      mkdirSync(sandbox.join(version))
      writeFileSync(
        sandbox.join(version, 'app'),
        `#!/bin/sh\nexec "${process.execPath}" "${service}" name=${version}\n`,
      )
      chmodSync(sandbox.join(version, 'app'), 0o755)
    }
    symlinkSync('v1', sandbox.join('current'))
    const cwd = sandbox.join('current')
    const supervisor = sandbox.start(['run', './app'], { cwd, env: { PWD: cwd } })
    await supervisor.printed(/v1 says hello/)
    await supervisor.printed(/msg="generation serves" generation=1/)
    symlinkSync('v2', sandbox.join('next'))
    renameSync(sandbox.join('next'), cwd)
    supervisor.kill('SIGHUP')
    await supervisor.printed(/v2 says hello/)
  })

  it('logs JSON lines on wish', async () => {
    await using sandbox = new ProcrollSandbox()
    const { stderr } = await sandbox.finish(['run', '--debug', '--log-format', 'json', 'false'])
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toContainEqual({
      time: expect.any(String),
      level: 'ERROR',
      msg: 'generation failed',
      generation: 1,
      reason: 'exited with 1 before ready',
    })
    expect(lines.map(({ level }) => level)).toContain('DEBUG')
  })

  it('runs without HOME, with stdin, stdout and stderr closed', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = sandbox.start(['run', 'sh', '-c', 'exit 7'], { env: { HOME: undefined } })
    expect((await supervisor.exit).code).toBe(7)
    const closed = await sandbox.shell('exec "$@" <&- >&- 2>&-', ['run', 'sh', '-c', 'exit 7'])
    expect(closed.code).toBe(7)
  })

  it('keeps running after the reader of its log has exited', async () => {
    await using sandbox = new ProcrollSandbox()
    const script = '{ { "$@" 2>&1; echo $? >&3; } | true; } 3>&1'
    const { stdout } = await sandbox.shell(script, ['run', 'sh', '-c', 'exit 7'])
    expect(stdout).toBe('7\n')
  })

  it('refuses a name in use in one line, and the supervisor that has it keeps running', async () => {
    await using sandbox = new ProcrollSandbox()
    const first = await sandbox.serve(['--name', 'api'])
    const second = await sandbox.finish(['run', '--name', 'api', 'true'])
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(
      /^procroll: a supervisor named "api" is running\. .*procroll roll --name api.*\n$/,
    )
    expect((await sandbox.finish(['roll', '--name', 'api'])).code).toBe(0)
    expect(isAlive(first.pid)).toBe(true)
  })

  it('runs without a control socket where it cannot open one, unless a flag requests one', async () => {
    await using sandbox = new ProcrollSandbox()
    writeFileSync(sandbox.runtime, 'no folder')
    const unnamed = await sandbox.serve([])
    await unnamed.printed(/level=WARN msg="cannot open a control socket: /)
    const named = await sandbox.finish(['run', '--name', 'api', 'true'])
    expect(named.code).toBe(1)
    expect(named.stderr).toMatch(
      /^procroll: the runtime folder .* cannot be trusted: .*ENOTDIR.* Set PROCROLL_RUNTIME_DIR .*\n$/,
    )
  })

  it.each([
    ['missing', 'it does not exist (ENOENT)'],
    ['file', 'it is not a folder (ENOTDIR)'],
    ['x'.repeat(100), "a UNIX socket's path has at most 1"],
  ])('refuses the tempdir %s', async (name, why) => {
    await using sandbox = new ProcrollSandbox()
    writeFileSync(sandbox.join('file'), '')
    const { code, stderr } = await sandbox.finish(['run', '--tempdir', sandbox.join(name), 'true'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^procroll: --tempdir .*--tempdir \/run\/app\n$/)
    expect(stderr).toContain(why)
  })

  it('does not hand its own manager on to the generations', async () => {
    await using sandbox = new ProcrollSandbox()
    const { stdout } = await sandbox.finish(['run', 'env'], {
      env: {
        WATCHDOG_USEC: '30000000',
        WATCHDOG_PID: '1',
        LISTEN_PID: '1',
        LISTEN_FDS: '1',
        NOTIFY_SOCKET: '/nowhere',
      },
    })
    expect(stdout).not.toMatch(/^(WATCHDOG_|LISTEN_)/m)
    expect(stdout).toMatch(new RegExp(`^NOTIFY_SOCKET=${sandbox.tempdir}/procroll-\\w{6}/1.sock$`, 'm'))
  })

  it('keeps a record of its generations while it runs', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'])
    const record = () => JSON.parse(readFileSync(`${sandbox.runtime}/api/generations.json`, 'utf8'))
    await waitFor(() => record().generations.length === 1)
    expect(record().generations[0]).toMatchObject({ generation: 1, pid: expect.any(Number) })
    supervisor.kill('SIGHUP')
    await supervisor.printed(/generation exited" generation=1/)
    await waitFor(() => record().generations.length === 1 && record().generations[0].generation === 2)
  })
})

describe('a flag of procroll after the command', () => {
  const stray = /level=WARN msg="--name follows the command, so the service gets it\. /

  it('goes to the service, with a warning', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = sandbox.start(['run', process.execPath, service, '--name', 'web'])
    await supervisor.printed(/msg="generation serves"/)
    expect(supervisor.stderr).toMatch(stray)
    expect((await sandbox.status()).name).toBe(String(supervisor.pid))
  })

  it('goes there without one where the order is explicit', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['--name', 'web'])
    expect(supervisor.stderr).not.toMatch(/WARN/)
  })
})
