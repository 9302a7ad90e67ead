import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { listenTcp } from '@shellflip/fd-passing'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { LaunchError } from './launch-error.ts'
import { startProcess } from './start-process.ts'
import type { Launch } from './system.ts'

type Folder = ReturnType<typeof temporaryFolder>

/** Starts a command in a folder, and returns what it writes into the file `output` there. */
async function outputOf(folder: Folder, launch: Partial<Launch> & { file: Launch['file'] }): Promise<string> {
  const env = { PATH: '/usr/bin:/bin' }
  const exit = await new Promise((resolve) =>
    startProcess({ args: [], env, listen: [], cwd: folder.path, ...launch }, resolve),
  )
  expect(exit).toEqual({ code: 0, signal: null })
  return readFileSync(folder.join('output'), 'latin1')
}

function refusalOf(launch: Partial<Launch> & { file: Launch['file'] }): LaunchError {
  try {
    startProcess({ args: [], env: { PATH: '/usr/bin:/bin' }, listen: [], ...launch }, () => {})
  } catch (error) {
    if (error instanceof LaunchError) return error
    throw error
  }
  throw new Error('it was started')
}

describe.runIf(process.platform === 'linux')('a process', () => {
  it('gets its sockets, their names and its own pid, as nothing but itself', async () => {
    using folder = temporaryFolder()
    using socket = listenTcp({ host: '127.0.0.1', port: 0 })
    const listen = [
      { name: 'http', fd: socket },
      { name: 'admin', fd: socket },
    ]
    const script =
      'echo $(($$ - LISTEN_PID)) $LISTEN_FDS $LISTEN_FDNAMES $(readlink /proc/$$/fd/3 /proc/$$/fd/4) > output'
    const link = (await import('node:fs')).readlinkSync(`/proc/self/fd/${socket.fd}`)
    const output = await outputOf(folder, { file: 'sh', args: ['-c', script], listen })
    expect(output).toBe(`0 2 http:admin ${link} ${link}\n`)
  })

  it('has variables of any name, in their bytes', async () => {
    using folder = temporaryFolder()
    const output = await outputOf(folder, {
      file: 'cp',
      args: ['/proc/self/environ', 'output'],
      env: { PATH: '/bin', 'app.dotted': '1', LATIN: Buffer.from('\xe9', 'latin1'), GONE: undefined },
      rawEnv: [Buffer.from('\xff=\xe9', 'latin1')],
    })
    expect(output).toBe('PATH=/bin\0app.dotted=1\0LATIN=\xe9\0\xff=\xe9\0')
  })

  it('can be a script without a #! line, as for execvp(3)', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('start'), 'echo "$0 $*" > output\n', { mode: 0o755 })
    expect(await outputOf(folder, { file: './start', args: ['a', 'b c'] })).toBe('./start a b c\n')
  })

  it('starts what a moved symlink leads to', async () => {
    using folder = temporaryFolder()
    for (const version of ['v1', 'v2']) {
      mkdirSync(folder.join(version))
      writeFileSync(folder.join(version, 'start'), `#!/bin/sh\necho ${version} > ../output\n`, {
        mode: 0o755,
      })
      rmSync(folder.join('current'), { force: true })
      symlinkSync(version, folder.join('current'))
      expect(await outputOf(folder, { file: './start', cwd: folder.join('current') })).toBe(`${version}\n`)
    }
  })
})

describe.runIf(process.platform === 'linux')('a command that cannot be started', () => {
  it.each<[string, Partial<Launch> & { file: string }, string, string]>([
    ['no such name', { file: 'no-such-command' }, 'ENOENT', 'no-such-command is not in PATH'],
    ['no such path', { file: './missing' }, 'ENOENT', './missing does not exist'],
    ['below a file', { file: './text/x' }, 'ENOTDIR', './text/x does not exist'],
    ['not executable', { file: './text' }, 'EACCES', './text is not executable. Run chmod +x ./text'],
    ['a directory', { file: './folder' }, 'EACCES', './folder is a directory'],
    [
      'a dangling link',
      { file: './dangling' },
      'ENOENT',
      './dangling is a symlink to v9/start, which does not exist',
    ],
    ['an empty file', { file: './empty' }, 'ENOEXEC', './empty is empty'],
    [
      'a file from Windows',
      { file: './crlf' },
      'ENOENT',
      'the interpreter /bin/sh\\r of ./crlf does not exist (Windows line ends?)',
    ],
    [
      'an interpreter that is not there',
      { file: './ruby' },
      'ENOENT',
      'the interpreter /opt/ruby of ./ruby does not exist',
    ],
    [
      'an interpreter in PATH',
      { file: 'ruby', env: { PATH: '.' } },
      'ENOENT',
      'the interpreter /opt/ruby of ruby does not exist',
    ],
    [
      'another interpreter',
      { file: './passwd' },
      'EACCES',
      'the interpreter /etc/passwd of ./passwd cannot be executed',
    ],
    [
      'another machine',
      { file: './foreign' },
      'ENOEXEC',
      `./foreign is not a program for this system (linux ${process.arch})`,
    ],
    [
      'another C library',
      { file: './loader' },
      'ENOENT',
      'the dynamic loader of ./loader does not exist: it was built for another system (glibc, musl)',
    ],
    [
      'no directory',
      { file: 'sh', cwd: '/no/such' },
      'ENOENT',
      'the working directory /no/such does not exist',
    ],
    [
      'a file as directory',
      { file: 'sh', cwd: '/etc/passwd' },
      'ENOTDIR',
      'the working directory /etc/passwd is not a directory',
    ],
    [
      'too much',
      { file: 'sh', args: ['x'.repeat(4e6)] },
      'E2BIG',
      'its arguments and environment are too long for the system (ARG_MAX)',
    ],
  ])('%s', (_, launch, code, message) => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('folder'))
    symlinkSync('v9/start', folder.join('dangling'))
    writeFileSync(folder.join('text'), 'text\n', { mode: 0o644 })
    const loader = readFileSync('/bin/true')
      .toString('latin1')
      .replace(/\/lib(64)?\/ld-/g, '/lub$1/ld-')
    const executables = {
      empty: '',
      crlf: '#!/bin/sh\r\nexit 0\r\n',
      ruby: '#!/opt/ruby\n',
      passwd: '#! /etc/passwd\n',
      foreign: '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0',
      loader,
    }
    for (const [name, text] of Object.entries(executables)) {
      writeFileSync(folder.join(name), text, { mode: 0o755, encoding: 'latin1' })
    }
    const error = refusalOf({ cwd: folder.path, ...launch })
    expect(error).toMatchObject({ code, message })
  })

  it('names what is not UTF-8 without it', () => {
    expect(refusalOf({ file: Buffer.from('./caf\xe9', 'latin1') }).message).toBe('./caf\\xe9 does not exist')
  })

  it('says so where the working directory was removed', async () => {
    const code = `
      import { mkdtempSync, rmdirSync } from 'node:fs'
      import { nodeSystem } from '@shellflip/generation'
      const folder = mkdtempSync('/tmp/removed-')
      process.chdir(folder)
      rmdirSync(folder)
      const launch = { file: './start', args: [], env: {}, listen: [] }
      nodeSystem.spawn(launch, { onExit: console.log, onError: ({ message }) => console.log(message) })`
    const { fileURLToPath } = await import('node:url')
    await using run = TestProcess.node(['--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    })
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(run.stdout).toMatch(/^the working directory was removed/)
  })
})
