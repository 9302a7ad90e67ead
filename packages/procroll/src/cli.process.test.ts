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
    expect(bytes).toBeLessThan(10_000)
  })

  it.each([
    [['--help']],
    [['run', '--help']],
    [['roll', '--help']],
    [['status', '--help']],
    [['stop', '--help']],
  ])('helps: %j', async (args) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stdout, stderr } = await sandbox.finish(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: procroll')
    if (args.length > 1) expect(stdout).toMatch(new RegExp(`Example:\n  procroll ${args[0]} `))
  })

  it.each<[string[], string]>([
    [['bogus'], "unknown command 'bogus'"],
    [['run'], "missing required argument 'command'"],
    [['run', '--shutdown-timout', '1s', 'x'], 'Did you mean --shutdown-timeout?'],
    [['run', '--ready-timeout', '10', 'x'], '--ready-timeout: "10" is no duration: a unit is missing'],
    [['run', '--ready-timeout', '0', 'x'], '--ready-timeout: "0" is no time at all. Example: 10s'],
    [['run', '--signal', 'SIGNONE', 'x'], '--signal: "SIGNONE" is no signal here'],
    [
      ['run', '--listen', 'localhost:80', 'x'],
      '--listen: cannot listen on "localhost:80": it does not begin with',
    ],
    [['run', '--restart', 'sometimes', 'x'], 'Allowed choices are on-failure, always, never.'],
    [['run', '--max-draining', 'many', 'x'], '--max-draining: "many" is no number from 1 to 9999'],
    [['run', '--name', '812', 'x'], '--name: "812" could be a pid'],
    [['run', '--name', '../x', 'x'], '--name: "../x" is no name'],
    [['run', '--name', 'a', '--control-socket', '/b', 'x'], 'cannot be used with'],
    [['run', '--', 'app', '--id={{.Id}}'], 'argument 1, column 8: there is no field .Id in "--id={{.Id}}"'],
    [['run', '--', '{{.PID'], 'the command, column 1: this {{ is not closed'],
    [['roll', 'api'], "too many arguments for 'roll'"],
    [['roll', '--timeout', '-1s'], '--timeout: "-1s" is no duration: it is negative'],
    [['status', '--name', '/'], '"/" is no name'],
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
