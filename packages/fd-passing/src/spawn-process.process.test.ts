import { closeSync, mkdirSync, openSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { setCloexec } from './descriptors.ts'
import { program } from './testing/program.ts'
import { printed, run } from './testing/spawned.ts'

const latin = Buffer.from('caf\xe9', 'latin1')

describe.runIf(process.platform === 'linux')('a spawned process', () => {
  it.each([
    ['exit 3', { code: 3, signal: null }],
    ['kill -9 $$', { code: null, signal: 'SIGKILL' }],
    ['kill -40 $$', { code: null, signal: 'SIG40' }],
  ])('ends by "%s", and its exit is known', async (script, exit) => {
    expect((await run(['-c', script])).exit).toEqual(exit)
  })

  it('gets arguments, environment and working directory in bytes', async () => {
    using folder = temporaryFolder()
    const cwd = Buffer.concat([Buffer.from(`${folder.path}/`), latin])
    mkdirSync(cwd)
    const env = ['PATH=/usr/bin:/bin', Buffer.concat([Buffer.from('a.'), latin, Buffer.from('='), latin])]
    const { output } = await run([], {
      args: [
        '-c',
        'readlink /proc/$$/cwd; tr "\\0" "\\n" < /proc/$$/cmdline | tail -1; cat /proc/$$/environ',
        'sh',
        latin,
      ],
      env,
      cwd,
    })
    const [directory, argument, environment] = output.split('\n')
    expect(directory).toMatch(/\/caf\xe9$/)
    expect(argument).toBe('caf\xe9')
    expect(environment).toBe('PATH=/usr/bin:/bin\0a.caf\xe9=caf\xe9\0')
  })

  it('knows its own pid by LISTEN_PID, and its name by argv0', async () => {
    const { output, pid } = await run(['-c', 'echo $LISTEN_PID; head -c 7 /proc/$$/cmdline'], {
      argv0: 'service',
      listenPid: true,
    })
    expect(output).toBe(`${pid}\nservice`)
  })

  it.each([[[0, 1]], [[1, 0]], [[2, 2, 1]], [[3, 2, 1, 0]], [[1, 2, 3, 0]]])(
    'finds the descriptors %j where they belong, in the place of each other',
    async (order) => {
      await using child = program(`
        const files = ['/etc/passwd', '/etc/group', '/etc/hosts', '/etc/hostname']
        const opened = files.map((file) => fs.openSync(file, 'r'))
        const order = ${JSON.stringify(order)}
        const fds = [null, 1, 2, ...Array(Math.max(...opened) - 2).fill(null)]
        for (const [at, index] of order.entries()) fds[opened[at]] = opened[index]
        const script = 'for n in "$@"; do readlink /proc/$$/fd/$n; done; set -- /proc/$$/fd/*; echo $#'
        const places = opened.slice(0, order.length)
        const args = ['-c', script, 'sh', ...places.map(String)]
        fdPassing.spawnProcess({ file: '/bin/sh', args, env: ['PATH=/usr/bin:/bin'], fds }, () =>
          console.log([...order.map((index) => files[index]), fds.length + 1].join('\\n')))
      `)
      expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
      // One more descriptor lists the others.
      const lines = child.stdout.trim().split('\n')
      expect(lines.slice(0, lines.length / 2)).toEqual(lines.slice(lines.length / 2))
    },
  )

  it('inherits nothing else, not even what is not CLOEXEC', async () => {
    const fd = openSync('/etc/passwd', 'r')
    setCloexec(fd, false)
    expect(await printed('readlink /proc/$$/fd/*')).not.toContain('/etc/passwd')
    closeSync(fd)
  })

  it('leads a session and a group if that is requested', async () => {
    const script = 'cut -d " " -f 5,6 /proc/$$/stat'
    const { output, pid } = await run(['-c', script], { ownSession: true })
    expect(output).toBe(`${pid} ${pid}\n`)
    expect(await printed(script)).not.toContain(String(pid))
  })

  it('has no signal ignored or blocked, and /dev/null where nothing is given', async () => {
    const script = 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/$$/status | cut -f 2; readlink /proc/$$/fd/0'
    expect(await printed(script)).toMatch(/^0+\n0+\n[0-9a-f]+\n\/dev\/null\n$/)
  })

  it('has the requested limit of open files, at most the hard one', async () => {
    const script = 'ulimit -Sn; ulimit -Hn'
    const [, hard] = (await printed(script)).split('\n')
    expect(await printed(script, { openFiles: 256 })).toBe(`256\n${hard}\n`)
    expect(await printed(script, { openFiles: 2 ** 31 - 1 })).toBe(`${hard}\n${hard}\n`)
  })

  it('is found in PATH as execvp(3) does: the first that can be executed', async () => {
    const file = ['/nowhere/sh', '/etc/passwd/sh', '/etc/passwd', '/bin/sh', '/bin/false']
    expect(await printed('echo found', { file })).toBe('found\n')
  })
})
