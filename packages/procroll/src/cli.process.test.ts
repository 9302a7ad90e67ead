import { readdirSync, readFileSync } from 'node:fs'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox } from './testing/procroll-sandbox.ts'

describe('the command line', () => {
  it('answers --version before it loads anything else', async () => {
    using coverage = temporaryFolder()
    await using run = TestProcess.node([cli, '--version'], { env: { NODE_V8_COVERAGE: coverage.path } })
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout).toMatch(/^procroll \d+\.\d+\.\d+\n$/)

    const [report = ''] = readdirSync(coverage.path)
    const { result } = JSON.parse(readFileSync(coverage.join(report), 'utf8')) as {
      result: { url: string }[]
    }
    const files = result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
    const bytes = files.reduce((sum, url) => sum + readFileSync(new URL(url)).length, 0)
    expect(bytes).toBeLessThan(13_000)
  })

  it.each([
    [['--help']],
    [['run', '--help']],
    [['roll', '--help']],
    [['status', '--help']],
    [['stop', '--help']],
    [['completion', '--help']],
  ])('helps: %j', async (args) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stdout, stderr } = await sandbox.finish(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: procroll')
    if (args.length > 1) expect(stdout).toMatch(new RegExp(`Examples?:\n  procroll ${args[0]} `))
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(stdout).toContain('Exit status:')
  })

  it.each<[string[], string]>([
    [['bogus'], "unknown command 'bogus'"],
    [['rol'], "unknown command 'rol'. Did you mean roll? (see procroll --help)"],
    [['web'], 'If it is a supervisor: procroll status --name web. If it is a program: procroll run -- web'],
    [['./server'], 'To run a program: procroll run -- ./server'],
    [['restart', 'web'], 'Did you mean procroll roll?'],
    [['reload'], 'Did you mean procroll roll?'],
    [['start'], 'Did you mean procroll run?'],
    [['list'], 'Did you mean procroll status?'],
    [['ps'], 'Did you mean procroll status?'],
    [['kill'], 'Did you mean procroll stop?'],
    [['logs'], 'procroll logs to its stderr. Under systemd, read it by: journalctl -u UNIT'],
    [['version'], 'Did you mean procroll --version?'],
    [['-v'], 'Did you mean procroll --version?'],
    [['--name', 'web', 'roll'], 'Flags follow the command: procroll roll --name'],
    [['roll', '--watch'], '--watch is a flag of procroll status (see procroll roll --help)'],
    [['status', '--wach'], 'Did you mean --watch?'],
    [['completion', 'tcsh'], '"tcsh" is not a shell with completion: bash, zsh, fish'],
    [['run'], "missing required argument 'command'"],
    [['run', '--drain-timout', '1s', 'x'], 'Did you mean --drain-timeout?'],
    [
      ['run', '--drain-timeout', '1s', '--shutdown-timeout', '1s', 'x'],
      "option '--shutdown-timeout <duration>' cannot be used with option '--drain-timeout <duration>'",
    ],
    [['run', '--ready-timeout', '10', 'x'], '--ready-timeout: "10" is not a duration: a unit is missing'],
    [['run', '--ready-timeout', '0', 'x'], '--ready-timeout: "0" must be greater than 0. Example: 10s'],
    [['run', '--signal', 'SIGNONE', 'x'], '--signal: "SIGNONE" is not a signal of this system'],
    [
      ['run', '--listen', 'localhost:80', 'x'],
      '--listen: cannot listen on "localhost:80": it does not begin with',
    ],
    [['run', '--restart', 'sometimes', 'x'], 'Allowed choices are on-failure, always, never.'],
    [['run', '--max-draining', 'many', 'x'], '--max-draining: "many" is not a number from 1 to 9999'],
    [['run', '--name', '812', 'x'], '--name: "812" could be a pid'],
    [['run', '--name', '../x', 'x'], '--name: "../x" is not a name'],
    [['run', '--name', 'a', '--control-socket', '/b', 'x'], 'cannot be used with'],
    [
      ['run', '--', 'app', '--id={{.Id}}'],
      'argument 1, column 8: the field .Id does not exist in "--id={{.Id}}"',
    ],
    [['run', '--', '{{.PID'], 'the command, column 1: this {{ is not closed'],
    [['roll', 'api'], 'Did you mean procroll roll --name api?'],
    [['stop', '/run/api.sock'], 'Did you mean procroll stop --control-socket /run/api.sock?'],
    [['roll', '--timeout', '-1s'], '--timeout: "-1s" is not a duration: it is negative'],
    [['status', '--name', '/'], '"/" is not a name'],
  ])('refuses %j in one line, exit 2', async (args, message) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stdout, stderr } = await sandbox.finish(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^procroll: .*\n$/)
    expect(stderr).toContain(message)
    expect(sandbox.leftovers).toEqual([])
  })

  it.each([['roll'], ['status'], ['stop']])('%s exits with 3 where no supervisor is', async (command) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stderr } = await sandbox.finish([command])
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `procroll: no supervisor is running (none in ${sandbox.runtime})\n`,
    })
    const named = await sandbox.finish([command, '--name', 'api'])
    expect(named.code).toBe(3)
    expect(named.stderr).toMatch(/^procroll: no supervisor named "api" is running .*\n$/)
    const bySocket = await sandbox.finish([command, '--control-socket', '/nowhere/control.sock'])
    expect(bySocket.code).toBe(3)
  })
})
