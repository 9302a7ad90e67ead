import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { TestProcess } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** A program that copies its environment and its limits, then fails. */
const observe = [
  'sh',
  '-c',
  'cat /proc/$$/environ > environ; ulimit -Sn > limit; ulimit -Hn >> limit; exit 3',
]

type Seen = { environment: string[]; limits: string[] }

function seenIn(sandbox: ProcrollSandbox): Seen {
  const environment = readFileSync(sandbox.join('environ'), 'latin1').split('\0').filter(Boolean)
  return { environment, limits: readFileSync(sandbox.join('limit'), 'utf8').trim().split('\n') }
}

/** How people start it: as a program that a package manager has linked, and as a file for Node. */
const ways = { 'as a program': [cli], 'by Node': [process.execPath, cli] }

describe.runIf(process.platform === 'linux').each(Object.entries(ways))(
  'started %s, procroll gives a generation',
  (_, way) => {
    /** Runs procroll by a shell command line in which "$@" stands for it. */
    async function run(sandbox: ProcrollSandbox, script: string, command = observe): Promise<TestProcess> {
      const started = TestProcess.start('sh', ['-c', script, 'sh', ...way, 'run', '--', ...command], {
        env: sandbox.env,
        cwd: sandbox.join(),
      })
      await started.exit
      return started
    }

    it('the limit of open files that it was given itself', async () => {
      await using sandbox = new ProcrollSandbox()
      await using _run = await run(sandbox, 'ulimit -Sn 512; ulimit -Hn 4096; exec "$@"')
      await using _again = await run(sandbox, 'ulimit -Sn 512; ulimit -Hn 4096; "$@"; true')
      expect(seenIn(sandbox).limits).toEqual(['512', '4096'])
    })

    it('its variables of any name, in their bytes, and nothing of procroll', async () => {
      await using sandbox = new ProcrollSandbox()
      const odd = String.raw`"$(printf 'app.\377=caf\351')" "$(printf 'LATIN=caf\351')" app.dotted=1 NODE_OPTIONS=--no-warnings`
      await using _run = await run(sandbox, `exec /usr/bin/env -u NOTIFY_SOCKET -- ${odd} "$@"`)
      await using shell = TestProcess.start(
        'sh',
        ['-c', `exec /usr/bin/env -u NOTIFY_SOCKET -- ${odd} cat /proc/self/environ`],
        {
          env: sandbox.env,
          cwd: sandbox.join(),
        },
      )
      await shell.exit
      const { environment } = seenIn(sandbox)
      expect(environment).toContain('app.\xff=caf\xe9')
      expect(environment).toContain('LATIN=caf\xe9')
      expect(environment.map(nameOf).filter((name) => /^(PROCROLL_STARTED|LISTEN_)/.test(name))).toEqual([])
      const names = shell.stdout
        .split('\0')
        .map(nameOf)
        .filter((name) => /^[\w.]+$/.test(name))
      expect(environment.map(nameOf)).toEqual(expect.arrayContaining(names))
      expect(environment.length).toBeLessThanOrEqual(names.length + 2)
    })

    it('its arguments in their bytes, templates in them as well', async () => {
      await using sandbox = new ProcrollSandbox()
      const command = ['sh', '-c', 'tr "\\0" "\\n" < /proc/$$/cmdline > words; exit 3', 'sh']
      const odd = String.raw`"$(printf 'caf\351-{{.Generation}}')" é`
      await using _run = await run(sandbox, `exec "$@" ${odd}`, command)
      expect(readFileSync(sandbox.join('words'), 'latin1').split('\n').slice(-3)).toEqual([
        'caf\xe9-1',
        'Ã©',
        '',
      ])
    })
  },
)

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='))
}

describe.runIf(process.platform === 'linux')('the bin', () => {
  it('keeps --env-file of the command from Node, also through a symlink', async () => {
    await using sandbox = new ProcrollSandbox()
    symlinkSync(cli, sandbox.join('procroll'))
    writeFileSync(sandbox.join('a.env'), 'APP=of the file\n')
    writeFileSync(sandbox.join('main.mjs'), 'console.log(process.env.APP); process.exit(4)')
    const start = (args: string[]) =>
      TestProcess.start(sandbox.join('procroll'), args, { env: sandbox.env, cwd: sandbox.join() })
    await using there = start(['run', process.execPath, '--env-file=a.env', 'main.mjs'])
    expect((await there.exit).code, there.stderr).toBe(4)
    expect(there.stdout).toBe('of the file\n')
    await using missing = start(['run', 'true', '--env-file=/missing.env'])
    expect((await missing.exit).code).toBe(1)
    expect(missing.stderr).toContain('exited with 0 before ready')
  })

  it('needs neither base64 nor /proc of the shell for a start', async () => {
    await using sandbox = new ProcrollSandbox()
    mkdirSync(sandbox.join('bin'))
    for (const name of ['node', 'sh']) {
      symlinkSync(name === 'node' ? process.execPath : '/bin/sh', sandbox.join('bin', name))
    }
    await using run = TestProcess.start(cli, ['run', '/bin/sh', '-c', 'echo $APP; exit 3'], {
      env: { ...sandbox.env, PATH: sandbox.join('bin'), APP: 'is here' },
      cwd: sandbox.join(),
    })
    expect((await run.exit).code, run.stderr).toBe(3)
    expect(run.stdout).toBe('is here\n')
  })
})

describe('--chdir', () => {
  it('names the folder in which each generation starts, through its symlinks', async () => {
    await using sandbox = new ProcrollSandbox()
    for (const version of ['v1', 'v2']) {
      mkdirSync(sandbox.join(version))
      const script = `#!/bin/sh\n[ "$PWD" = "${sandbox.join('current')}" ] && exec ${sandbox.scripted} notify 'STATUS=${version}' notify READY=1 hang\n`
      writeFileSync(sandbox.join(version, 'server'), script, { mode: 0o755 })
    }
    symlinkSync('v1', sandbox.join('current'))
    const supervisor = sandbox.start(['run', '--chdir', 'current', './server'], { env: { PWD: undefined } })
    await supervisor.printed(/generation serves/)
    rmSync(sandbox.join('current'))
    symlinkSync('v2', sandbox.join('current'))
    rmSync(sandbox.join('v1'), { recursive: true })
    expect(await sandbox.finish(['roll'])).toMatchObject({ code: 0 })
    expect((await sandbox.status()).generations.at(-1)?.status).toBe('v2')

    // A folder that is gone fails the roll, and never the service.
    rmSync(sandbox.join('current'))
    const { code, stderr } = await sandbox.finish(['roll'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `cannot start: ENOENT: the working directory ${sandbox.join('current')} does not exist`,
    )
    expect((await sandbox.status()).state).toBe('serving')
  })

  it('is recommended once if PWD is not set and the command is relative', async () => {
    await using sandbox = new ProcrollSandbox()
    copyFileSync('/bin/true', sandbox.join('server'))
    const env = { PWD: undefined }
    const { stderr } = await sandbox.finish(['run', './server'], { env })
    expect(stderr).toMatch(/level=WARN msg="cannot see the symlinks of the working directory.*--chdir/)
    const absolute = await sandbox.finish(['run', sandbox.join('server')], { env })
    expect(absolute.stderr).not.toContain('--chdir')
    const known = await sandbox.finish(['run', './server'], { env: { PWD: sandbox.join() } })
    expect(known.stderr).not.toContain('--chdir')
  })
})
