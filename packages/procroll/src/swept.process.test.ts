import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { isAlive, type TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox } from './testing/procroll-sandbox.ts'

/** Removes all notify folders, as a sweeper of /tmp does. It fails where procroll was faster. */
function sweep(sandbox: ProcrollSandbox): void {
  spawnSync('sh', ['-c', 'rm -rf "$1"/*', 'sh', sandbox.tempdir])
}

/** How many pings of the generation have arrived. */
async function pings(sandbox: ProcrollSandbox): Promise<number> {
  const [generation] = (await sandbox.status()).generations
  return Number(/^ping (\d+)$/.exec(generation?.status ?? '')?.[1] ?? 0)
}

async function firstPid(supervisor: TestProcess): Promise<number> {
  const [, pid] = await supervisor.printed(/msg="generation started" generation=1 pid=(\d+)/)
  return Number(pid)
}

describe('when the notify folder is swept away', () => {
  it.each([
    ['the folder', sweep],
    ['its parent', (sandbox: ProcrollSandbox) => void spawnSync('rm', ['-rf', sandbox.tempdir])],
    [
      'the socket',
      (sandbox: ProcrollSandbox) => {
        const [name = ''] = readdirSync(sandbox.tempdir)
        rmSync(sandbox.join('tmp', name, '1.sock'))
      },
    ],
  ])('%s: a healthy generation is heard again, and is not killed as hung', async (_what, remove) => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--watchdog', '1s'], ['ping=100'])
    const pid = await firstPid(supervisor)
    for (const _ of [1, 2]) {
      remove(sandbox)
      const before = await pings(sandbox)
      await waitFor(async () => (await pings(sandbox)) > before + 12)
    }
    expect(isAlive(pid)).toBe(true)
    expect(supervisor.stderr).toContain(
      'level=WARN msg="notify socket was removed, and is created again" generation=1',
    )
    expect(supervisor.stderr).not.toContain('hung')
    supervisor.kill()
    expect((await supervisor.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })

  it('rolls go on, and a crash is followed by a restart', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'])
    for (const generation of [2, 3]) {
      sweep(sandbox)
      const { code, stdout } = await sandbox.finish(['roll'])
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringContaining(`generation ${generation} ready`),
      })
    }
    sweep(sandbox)
    const [, pid] = await supervisor.printed(/msg="generation started" generation=3 pid=(\d+)/)
    process.kill(Number(pid), 'SIGKILL')
    await supervisor.printed(/msg="generation serves" generation=4/)
  })
})

describe('while procroll has no free descriptor', () => {
  const limit = (supervisor: TestProcess, files: number) =>
    spawnSync('prlimit', ['--pid', String(supervisor.pid), `--nofile=${files}:`])

  it.each([
    [
      'the notify folder that is there is kept',
      (sandbox: ProcrollSandbox, folder: string) => rmSync(sandbox.join('tmp', folder, '1.sock')),
      'notify socket was removed, and cannot be created again',
      1,
    ],
    [
      'a notify folder that is swept away leaves no other ones behind',
      sweep,
      'folder of the notify sockets was removed, and cannot be created again',
      0,
    ],
  ])('%s, and is heard again later', async (_what, remove, told, folders) => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--watchdog', '10s'], ['ping=100'])
    const [folder = ''] = readdirSync(sandbox.tempdir)
    limit(supervisor, 3)
    remove(sandbox, folder)
    await supervisor.printed(new RegExp(`level=ERROR msg="${told}`))
    expect(readdirSync(sandbox.tempdir)).toHaveLength(folders)
    limit(supervisor, 1024)
    await supervisor.printed(/msg="notify socket was removed, and is created again" generation=1/)
    expect(readdirSync(sandbox.tempdir)).toEqual([folder])
    const before = await pings(sandbox)
    await waitFor(async () => (await pings(sandbox)) > before)
    supervisor.kill()
    expect((await supervisor.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })
})

describe('when the control socket is swept away', () => {
  it.each([
    ['it', 'api/control.sock'],
    ['its folder', 'api'],
    ['the runtime folder', ''],
  ])('%s is made again, with the record', async (_what, path) => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--name', 'api'])
    spawnSync('rm', ['-rf', `${sandbox.runtime}/${path}`])
    await supervisor.printed(/level=WARN msg="control socket was removed, and is created again"/)
    expect((await sandbox.finish(['roll', '--name', 'api'])).code).toBe(0)
    await waitFor(() => {
      const { generations } = JSON.parse(readFileSync(`${sandbox.runtime}/api/generations.json`, 'utf8'))
      return generations.length === 1 && generations[0].generation === 2
    })
    expect((await sandbox.finish(['stop', '--name', 'api'])).code).toBe(0)
    expect((await supervisor.exit).code).toBe(0)
    expect(sandbox.leftovers).toEqual([])
  })
})

describe('a second procroll, while the first one is paused and its control socket is gone', () => {
  it.each([
    ['control socket', ['control.sock']],
    ['control socket and another tempdir', ['control.sock', '.control.sock.lock']],
  ])('finds the name in use by the record: %s', async (what, names) => {
    await using sandbox = new ProcrollSandbox()
    const first = await sandbox.serve(['--name', 'api'])
    const pid = await firstPid(first)
    first.kill('SIGSTOP')
    for (const name of names) rmSync(`${sandbox.runtime}/api/${name}`, { force: true })
    const flags = what.includes('tempdir') ? ['--tempdir', sandbox.join('.')] : []
    const second = await sandbox.finish([
      'run',
      '--name',
      'api',
      ...flags,
      '--orphans',
      'end-first',
      '--',
      'true',
    ])
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(
      new RegExp(
        `^procroll: a supervisor \\(pid ${first.pid}\\) is running, and .*generations.json is its record\\. .*\n$`,
      ),
    )
    expect(isAlive(pid)).toBe(true)
    first.kill('SIGCONT')
    await first.printed(/msg="control socket was removed, and is created again"/)
    expect((await sandbox.status()).generations).toMatchObject([{ generation: 1, pid }])
  })

  it('never overwrites the record of the other where all was swept away', async () => {
    await using sandbox = new ProcrollSandbox()
    const first = await sandbox.serve(['--name', 'api'])
    first.kill('SIGSTOP')
    rmSync(sandbox.runtime, { recursive: true })
    const second = await sandbox.serve(['--name', 'api'])
    first.kill('SIGCONT')
    await first.printed(/level=ERROR msg="control socket was removed, and cannot be created again yet"/)
    first.kill('SIGHUP')
    await first.printed(/msg="generation serves" generation=2/)
    first.kill()
    expect((await first.exit).code).toBe(0)
    const record = JSON.parse(readFileSync(`${sandbox.runtime}/api/generations.json`, 'utf8'))
    expect(record.supervisor.pid).toBe(second.pid)
    expect(record.generations).toHaveLength(1)
    expect((await sandbox.status()).pid).toBe(second.pid)
  })
})
