import { spawnSync } from 'node:child_process'
import { mkdirSync, readlinkSync, rmdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { program, RepeatedService } from '../testing/repeated-service.ts'

vi.setConfig({ testTimeout: 60_000 })

const { execPath: node } = process
const code = `import(${JSON.stringify(program)})`
const sh = (script: string) => ['/bin/sh', '-c', script, 'sh']

const hasNamespaces = spawnSync('unshare', ['-m', 'true']).status === 0

/** A port that another process has, as a predecessor has that of its inspector. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a command is replayed', () => {
  test.each([
    ['--eval, with arguments like options', ['--eval', code, '--', '--name', 'web'], ['--name', 'web']],
    ['--print', ['-p', code], []],
    ['a script after --', ['--no-warnings', '--', program, '--', '-x'], [program, '--', '-x']],
    ['an argument that is Node’s option too', [program, '--inspect', '-e'], [program, '--inspect', '-e']],
  ])('%s', async (_, args, argv) => {
    await using service = await RepeatedService.start([node, ...args])
    const { execArgv } = service.serving
    for (const _ of [1, 2, 3]) {
      expect(service.serving).toMatchObject({ argv, execArgv })
      await service.upgraded()
    }
  })

  test.each([
    ['piped into it', sh(`echo '${code}' | "$@"`)],
    ['after -', sh(`echo '${code}' | "$@" - name`)],
  ])('not if the program came from standard input, %s: that is reported immediately', async (_, shell) => {
    await using service = await RepeatedService.start([...shell, node])
    expect(await service.upgrade()).toMatchObject({
      type: 'failed',
      failure: { type: 'cannot-start', code: 'ERR_NOT_REPEATABLE' },
      message: expect.stringMatching(
        /cannot start the successor: this program was read from standard input.* successor\.args$/,
      ),
    })
  })

  test('unless launch says another', async () => {
    const launch = JSON.stringify({ args: [program, 'by launch'] })
    await using service = await RepeatedService.start([...sh(`echo '${code}' | "$@"`), node], {
      env: { APP_LAUNCH: launch },
    })
    expect((await service.upgraded()).argv).toEqual([program, 'by launch'])
  })

  test('of --import alone, where standard input is empty', async () => {
    await using service = await RepeatedService.start([node, '--import', program])
    expect((await service.upgraded()).execArgv).toEqual(['--import', program])
  })
})

describe('the inspector', () => {
  test.each([
    ['--inspect=PORT', (port: number) => [`--inspect=${port}`]],
    ['--inspect=HOST:PORT', (port: number) => [`--inspect=127.0.0.1:${port}`]],
    ['--inspect-port', (port: number) => ['--inspect-port', `${port}`, '--inspect']],
  ])('of a successor of %s has a free port', async (_, options) => {
    const port = await freePort()
    await using service = await RepeatedService.start([node, ...options(port), program])
    const seen = [new URL(service.serving.inspector as string).port]
    expect(seen).toEqual([`${port}`])
    for (const _ of [2, 3]) seen.push(new URL((await service.upgraded()).inspector as string).port)
    expect(new Set(seen).size).toBe(3)
    expect(service.process.stderr).not.toContain('address already in use')
  })

  test('of NODE_OPTIONS too, and it does not wait for a debugger', async () => {
    const port = await freePort()
    await using service = await RepeatedService.start([node, program], {
      env: { NODE_OPTIONS: `--no-warnings --inspect=${port} --title="a b"` },
    })
    const { inspector } = await service.upgraded()
    expect(new URL(inspector as string).port).not.toBe(`${port}`)
    expect(service.process.stderr).not.toContain('address already in use')
  })
})

describe.runIf(process.platform === 'linux')('a place', () => {
  test.runIf(hasNamespaces).each([
    ['', {}],
    [', under a launcher', { APP_LAUNCHER: '1' }],
  ])('without /proc%s', async (_, env) => {
    await using service = await RepeatedService.start(
      ['unshare', '-m', '/bin/sh', '-c', 'umount -l /proc && exec "$@"', 'sh', node, program, 'a b'],
      { env: { ...env, APP_KEPT: '1' } },
    )
    for (const _ of [2, 3]) {
      expect(await service.upgraded()).toMatchObject({ argv: [program, 'a b'], app: { APP_KEPT: '1' } })
    }
  })

  test('in a working directory whose name is not UTF-8', async () => {
    using folder = temporaryFolder()
    const enter = `d="$(printf '${folder.path}/caf\\351')"; mkdir "$d"; cd "$d"; exec "$@"`
    await using service = await RepeatedService.start([...sh(enter), node, program])
    const directory = (pid: number) => readlinkSync(`/proc/${pid}/cwd`, { encoding: 'latin1' })
    for (const _ of [2, 3]) expect(directory((await service.upgraded()).pid)).toMatch(/\/caf\xe9$/)
  })

  test('in a working directory that is gone: that is reported until it exists again', async () => {
    using folder = temporaryFolder()
    const cwd = folder.join('gone')
    mkdirSync(cwd)
    await using service = await RepeatedService.start([...sh('rmdir "$PWD"; exec "$@"'), node, program], {
      cwd,
    })
    expect(service.serving.cwd).toBeNull()
    expect(await service.upgrade()).toMatchObject({
      failure: { type: 'cannot-start', code: 'ENOENT' },
      message: `cannot start the successor: the working directory ${cwd} does not exist (ENOENT)`,
    })
    mkdirSync(cwd)
    expect((await service.upgraded()).cwd).toBe(cwd)
    rmdirSync(cwd)
  })

  test('in one that is gone, and whose name is unknown', async () => {
    using folder = temporaryFolder()
    const cwd = folder.join('gone')
    mkdirSync(cwd)
    await using service = await RepeatedService.start(
      [...sh('rmdir "$PWD"; exec env -u PWD "$@"'), node, program],
      { cwd },
    )
    expect(await service.upgrade()).toMatchObject({
      failure: { type: 'cannot-start', code: 'ERR_NOT_REPEATABLE' },
      message: expect.stringContaining('Name one in successor.cwd'),
    })
  })
})

describe('what the system does not start is reported', () => {
  test.each([
    [
      'a program that is not there',
      `{ file: '/no/such/program' }`,
      'ENOENT',
      /the program \/no\/such\/program does not exist/,
    ],
    ['a program that is none', `{ file: '/etc/passwd' }`, 'EACCES', /\/etc\/passwd may not be executed/],
    [
      'a folder that is not there',
      `{ cwd: '/no/such' }`,
      'ENOENT',
      /the working directory \/no\/such does not exist/,
    ],
    ['a folder that is none', `{ cwd: '/etc/passwd' }`, /^E/, /\/etc\/passwd is not a directory/],
    ['too large a variable', `{ env: { LARGE: 'x'.repeat(200_000) } }`, 'E2BIG', /larger than the system/],
  ])('%s', async (_, launch, failureCode, message) => {
    using folder = temporaryFolder()
    for (const manager of [{}, { NOTIFY_SOCKET: folder.join('notify') }]) {
      await using service = await RepeatedService.start([node, '--import', setLaunch(launch), program], {
        env: manager,
      })
      const outcome = await service.upgrade()
      expect(outcome).toMatchObject({ type: 'failed', failure: { type: 'cannot-start' } })
      if (outcome.type !== 'failed' || outcome.failure.type !== 'cannot-start') return
      expect(outcome.failure.code).toMatch(failureCode)
      expect(outcome.message).toMatch(message)
      await waitFor(() => service.lines.filter(({ serves }) => serves).length === 1)
    }
  })

  describe.runIf(process.getuid?.() === 0)('to another user than root', () => {
    const asOther = ['setpriv', '--reuid=61234', '--clear-groups']

    test('that no more processes may run', async () => {
      await using service = await RepeatedService.start([...asOther, node, program], { cwd: '/' })
      const [setpriv, ...as] = asOther as [string, ...string[]]
      spawnSync(setpriv, [...as, 'prlimit', '--pid', `${service.serving.pid}`, '--nproc=1'])
      expect(await service.upgrade()).toMatchObject({
        failure: { type: 'cannot-start', code: 'EAGAIN' },
        message: expect.stringContaining('TasksMax='),
      })
    })

    test('that it may not enter the working directory', async () => {
      using folder = temporaryFolder()
      await using service = await RepeatedService.start([...asOther, node, program], { cwd: folder.path })
      expect(await service.upgrade()).toMatchObject({
        failure: { type: 'cannot-start', code: 'EACCES' },
        message: expect.stringContaining(`the working directory ${folder.path} may not be entered`),
      })
    })
  })
})

/** As code: some are too large for a variable. */
function setLaunch(launch: string): string {
  return `data:text/javascript,${encodeURIComponent(`process.env.APP_LAUNCH = JSON.stringify(${launch})`)}`
}
