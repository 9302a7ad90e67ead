import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, openFds, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox, service } from './testing/procroll-sandbox.ts'

const isRoot = process.geteuid?.() === 0

/** A file system of a few pages, or undefined where this user may not mount one. */
function tinyFileSystem(folder: string, options: string): Disposable | undefined {
  mkdirSync(folder)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status !== 0) return undefined
  return { [Symbol.dispose]: () => spawnSync('umount', ['--lazy', folder]) }
}

describe.runIf(process.platform === 'linux' && isRoot)('a file system that takes nothing more', () => {
  it('as tempdir is named in one line', async (context) => {
    await using sandbox = new ProcrollSandbox()
    const full = sandbox.join('full')
    using mounted = tinyFileSystem(full, 'size=4k,nr_inodes=1')
    if (mounted === undefined) context.skip()
    const { code, stderr } = await sandbox.finish(['run', '--tempdir', full, 'true'])
    expect(code).toBe(1)
    expect(stderr).toBe(
      `procroll: --tempdir ${full} cannot be used: its file system is full (ENOSPC). ` +
        'Choose another place for the notify sockets: --tempdir /run/app\n',
    )
  })

  it('read-only, as tempdir, is named in one line', async (context) => {
    await using sandbox = new ProcrollSandbox()
    const readOnly = sandbox.join('ro')
    using mounted = tinyFileSystem(readOnly, 'ro')
    if (mounted === undefined) context.skip()
    const { code, stderr } = await sandbox.finish(['run', '--tempdir', readOnly, 'true'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^procroll: .* it is on a read-only file system \(EROFS\)\. .*\n$/)
  })

  it('during a roll fails the roll, and not the service', async (context) => {
    await using sandbox = new ProcrollSandbox()
    const full = sandbox.join('full')
    // Inodes for the folder, the notify folder, and one notify socket.
    using mounted = tinyFileSystem(full, 'nr_inodes=3')
    if (mounted === undefined) context.skip()
    await sandbox.serve(['--tempdir', full])
    const { code, stderr } = await sandbox.finish(['roll'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^procroll: generation 2 failed: cannot start: /m)
    expect((await sandbox.status()).state).toBe('serving')
  })

  it('for the record is warned of, and the service keeps running', async (context) => {
    await using sandbox = new ProcrollSandbox()
    using mounted = tinyFileSystem(sandbox.runtime, 'mode=700,size=4k')
    if (mounted === undefined) context.skip()
    // Folders, sockets and empty lock files take no page of it.
    writeFileSync(join(sandbox.runtime, 'filler'), Buffer.alloc(4096))
    const supervisor = await sandbox.serve(['--name', 'api'])
    expect(supervisor.stderr).toMatch(/level=WARN msg="cannot record the generations.*ENOSPC/)
    expect((await sandbox.finish(['roll'])).code).toBe(0)
    expect((await sandbox.finish(['stop'])).code).toBe(0)
    expect(readdirSync(sandbox.runtime)).toEqual(['filler'])
  })
})

describe('when the system is short of fds', () => {
  it.runIf(process.platform === 'linux')(
    'a roll fails, the service keeps running, and the next roll works',
    async () => {
      await using sandbox = new ProcrollSandbox()
      const supervisor = await sandbox.serve(['--name', 'api'])
      const limit = (fds: number) =>
        spawnSync('prlimit', ['--pid', String(supervisor.pid), `--nofile=${fds}:`])
      const open = openFds(supervisor.pid)
      let firstFree = 0
      while (open.has(firstFree)) firstFree += 1
      limit(firstFree)
      supervisor.kill('SIGHUP')
      await supervisor.printed(/level=ERROR msg="roll failed: generation 2 failed: cannot start: .*EMFILE/)
      limit(1024)
      const { code, stdout } = await sandbox.finish(['roll'])
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^generation 3 ready/) })
      expect(isAlive(supervisor.pid)).toBe(true)
    },
  )
})

describe('folders of others', () => {
  it('cannot hold a control socket', async () => {
    await using sandbox = new ProcrollSandbox()
    mkdirSync(sandbox.runtime)
    chmodSync(sandbox.runtime, 0o777)
    const { code, stderr } = await sandbox.finish(['run', '--name', 'api', 'true'])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^procroll: the runtime folder .* can be written by others \(mode 777\).* Set PROCROLL_RUNTIME_DIR .*\n$/,
    )
  })

  it.runIf(isRoot)('do not get a say about orphans', async () => {
    await using sandbox = new ProcrollSandbox()
    const folder = sandbox.join('app')
    mkdirSync(folder, { mode: 0o755 })
    const record = `${folder}/control.sock.generations.json`
    writeFileSync(record, '{}')
    chmodSync(record, 0o666)
    const next = await sandbox.serve(['--control-socket', `${folder}/control.sock`])
    expect(next.stderr).toMatch(
      /level=WARN msg="cannot use the record of former generations" .*others could have written it/,
    )
  })
})

describe('a control socket', () => {
  it('whose path is too long is refused with the limit', async () => {
    await using sandbox = new ProcrollSandbox()
    const path = sandbox.join('x'.repeat(120))
    const { code, stderr } = await sandbox.finish(['run', '--control-socket', path, 'true'])
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^procroll: cannot open a control socket: .* the system takes 10[37] for a socket\. .*\n$/,
    )
  })

  it('that is a file is left alone', async () => {
    await using sandbox = new ProcrollSandbox()
    mkdirSync(sandbox.join('app'), { mode: 0o700 })
    writeFileSync(sandbox.join('app', 'file'), 'precious')
    const { code, stderr } = await sandbox.finish([
      'run',
      '--control-socket',
      sandbox.join('app', 'file'),
      'true',
    ])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^procroll: cannot open a control socket: .* is a regular file, not a socket\. Choose another path\n$/,
    )
  })
})

it.runIf(isRoot && process.platform === 'linux')(
  'an ordinary user has a runtime folder as well',
  async () => {
    await using sandbox = new ProcrollSandbox()
    const home = sandbox.join('xdg')
    mkdirSync(home, { mode: 0o700 })
    spawnSync('chown', ['-R', '65534:65534', home, sandbox.tempdir])
    chmodSync(sandbox.join('.'), 0o755)
    const script = 'exec setpriv --reuid=65534 --regid=65534 --clear-groups env -u PROCROLL_RUNTIME_DIR "$@"'
    const words = ['--tempdir', sandbox.tempdir, '--', process.execPath, service]
    const run = sandbox.shell(`export XDG_RUNTIME_DIR=${home} MARK=${sandbox.runtime}; ${script}`, [
      'run',
      ...words,
    ])
    const ask = (...args: string[]) => sandbox.shell(`export XDG_RUNTIME_DIR=${home}; ${script}`, args)
    await waitFor(async () => (await ask('roll')).code === 0)
    expect((await ask('stop')).code).toBe(0)
    expect((await run).code).toBe(0)
    expect(readdirSync(`${home}/procroll`)).toEqual([])
  },
)
