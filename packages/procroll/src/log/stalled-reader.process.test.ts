import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { pipe, socketpair, writeNow } from '@shellflip/fd-passing'
import { waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox, service } from '../testing/procroll-sandbox.ts'

/** Starts procroll with this stderr, which stdout of the generations shares. */
function start(sandbox: ProcrollSandbox, fd: number, settings: readonly string[]): ChildProcess {
  const flags = ['--debug', '--log-format', 'json', '--name', 'api']
  return spawn(process.execPath, [cli, 'run', ...flags, '--', process.execPath, service, ...settings], {
    stdio: ['ignore', 'ignore', fd],
    env: { ...process.env, ...sandbox.env },
  })
}

function fill(fd: number): void {
  while (writeNow(fd, Buffer.alloc(4096, '\n')) > 0);
}

const isNonBlocking = (pid: number, fd: number) =>
  (Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8) &
    0o4000) !==
  0

function open(kind: 'pipe' | 'socket') {
  if (kind === 'pipe') return pipe()
  const [reader, writer] = socketpair('stream')
  return { reader, writer }
}

describe.runIf(process.platform === 'linux')('a log that is not read', () => {
  it.each(['pipe', 'socket'] as const)('stops nothing, and counts what it lost: a %s', async (kind) => {
    await using sandbox = new ProcrollSandbox()
    const { reader, writer } = open(kind)
    fill(writer.fd)
    const supervisor = start(sandbox, writer.fd, ['statuses=3000'])
    const serves = async (state: string) =>
      (await sandbox.status().catch(() => undefined))?.generations.some(({ status }) => status === state)
    await waitFor(() => serves('status 2999'))
    expect((await sandbox.finish(['roll'])).code).toBe(0)
    await waitFor(() => serves('status 2999'))
    expect(isNonBlocking(supervisor.pid ?? 0, 2)).toBe(false)

    writer.close()
    let log = ''
    const reading = createReadStream('', { fd: reader.release(), encoding: 'utf8' }).on('data', (chunk) => {
      log += chunk
    })
    await waitFor(() => log.includes('lines of the log were dropped'))
    supervisor.kill('SIGTERM')
    expect(await once(supervisor, 'exit')).toEqual([0, null])
    await finished(reading)
    const lines = log.split('\n').filter((line) => line !== '')
    const records = lines.map((line) => JSON.parse(line))
    const dropped = records.filter(({ msg }) => msg === 'lines of the log were dropped')
    expect(dropped).toMatchObject([{ level: 'WARN', reason: 'the log was not read' }])
    expect(dropped[0].count).toBeGreaterThan(2_000)
    expect(records.at(-1)).toMatchObject({ msg: 'stopped' })
  })

  it('stops nothing when its reader dies', async () => {
    await using sandbox = new ProcrollSandbox()
    const { reader, writer } = pipe()
    const supervisor = start(sandbox, writer.fd, [])
    writer.close()
    await waitFor(() => sandbox.status().catch(() => undefined))
    reader.close()
    expect((await sandbox.finish(['roll'])).code).toBe(0)
    supervisor.kill('SIGTERM')
    expect(await once(supervisor, 'exit')).toEqual([0, null])
  })

  it('lets procroll exit', async () => {
    await using sandbox = new ProcrollSandbox()
    const { reader, writer } = pipe()
    fill(writer.fd)
    const supervisor = start(sandbox, writer.fd, [])
    await waitFor(() => sandbox.status().catch(() => undefined))
    supervisor.kill('SIGTERM')
    expect(await once(supervisor, 'exit')).toEqual([0, null])
    reader.close()
    writer.close()
  })
})

describe('an error of the command line', () => {
  it.each([
    [['--bogus', 'true'], 2, /^unknown option '--bogus' \(see procroll run --help\)$/],
    [['--ready-timeout', '0s', 'true'], 2, /^--ready-timeout: /],
    [['--tempdir', '/nowhere/x', 'true'], 1, /^--tempdir \/nowhere\/x /],
    [[], 2, /^missing required argument 'command' /],
  ])('is JSON where --log-format says so: %j', async (words, code, message) => {
    await using sandbox = new ProcrollSandbox()
    const run = await sandbox.finish(['run', '--log-format', 'json', ...words])
    expect(run.code).toBe(code)
    expect(JSON.parse(run.stderr)).toEqual({
      time: expect.any(String),
      level: 'ERROR',
      msg: expect.stringMatching(message),
    })
    expect((await sandbox.finish(['run', ...words])).stderr).toMatch(/^procroll: .*\n$/)
  })
})
