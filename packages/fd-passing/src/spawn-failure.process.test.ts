import { readFileSync, writeFileSync } from 'node:fs'
import { openFds, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'
import { refusal, run } from './testing/spawned.ts'

const childrenOf = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')

describe.runIf(process.platform === 'linux')('a spawn that fails', () => {
  it.each([
    [{ file: '/nowhere/app' }, 'execve', 'ENOENT', '/nowhere/app'],
    [{ file: ['/nowhere/app', '/etc/passwd', '/nowhere'] }, 'execve', 'EACCES', '/etc/passwd'],
    [{ cwd: '/nowhere' }, 'chdir', 'ENOENT', '/nowhere'],
    [{ fds: [null, null, null, 999_999] }, 'dup2', 'EBADF', undefined],
    [{ args: ['x'.repeat(4_000_000)] }, 'execve', 'E2BIG', '/bin/sh'],
  ])('names what failed: %#', (options, syscall, errno, path) => {
    const { code, ...error } = refusal(options)
    expect({ code, ...error }).toMatchObject({ code: 'ERR_SYSTEM', syscall, errno })
    expect(error.path).toBe(path)
  })

  it('distinguishes a file without a #! line from one that does not exist', () => {
    using folder = temporaryFolder()
    const file = folder.join('script')
    writeFileSync(file, 'exit 0\n', { mode: 0o755 })
    expect(refusal({ file })).toMatchObject({ syscall: 'execve', errno: 'ENOEXEC' })
  })

  it('leaves no zombie and no descriptor', () => {
    const before = [openFds(process.pid), childrenOf()]
    for (let round = 0; round < 50; round++) refusal({ file: '/nowhere' })
    expect([openFds(process.pid), childrenOf()]).toEqual(before)
  })

  it.each([
    [{ file: 'a\0b' }, 'file must not hold a NUL'],
    [{ args: ['\0'] }, 'args must not hold a NUL'],
    [{ env: [7 as unknown as string] }, 'env must be text or bytes, not 7'],
    [{ file: [] }, 'file must name at least one path'],
    [{ openFiles: 0.5 }, 'openFiles must be a whole number from 0, not 0.5'],
    [{ fds: [-3] }, '-3 is not a file descriptor'],
  ])('for a wrong argument says which: %#', (options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(refusal(options).message).toContain(message)
  })

  it('for want of processes or descriptors is an error, and the next one succeeds', async () => {
    await using child = program(`
      import { execFileSync } from 'node:child_process'
      const spawn = () => new Promise((resolve, reject) => {
        try { fdPassing.spawnProcess({ file: '/bin/true', env: [] }, resolve) } catch (error) { reject(error) }
      })
      execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=64'])
      const taken = []
      try { for (;;) taken.push(fs.openSync('/dev/null')) } catch {}
      const files = await spawn().catch(({ errno, syscall }) => [errno, syscall])
      // Two are enough for the pipe. There is none for the pidfd then, and its exit is found all the same.
      fs.closeSync(taken.pop())
      const one = await spawn().catch(({ errno }) => errno)
      fs.closeSync(taken.pop())
      const two = await spawn()
      for (const fd of taken) fs.closeSync(fd)
      console.log(JSON.stringify({ files, one, two, last: await spawn() }))
    `)
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(JSON.parse(child.stdout)).toEqual({
      files: ['EMFILE', 'fork'],
      one: 'EMFILE',
      two: { code: 0, signal: null },
      last: { code: 0, signal: null },
    })
  })

  it('does not fail for the size of the heap, nor block signals afterwards', async () => {
    await using child = program(`
      const heap = Array.from({ length: 8 }, () => Buffer.alloc(32 * 1024 * 1024, 1))
      const ends = await Promise.all(Array.from({ length: 50 }, () => new Promise((resolve) =>
        fdPassing.spawnProcess({ file: '/bin/true', env: [] }, ({ code }) => resolve(code)))))
      process.once('SIGUSR2', () => {
        clearInterval(waiting)
        console.log(heap.length, ends.filter((code) => code === 0).length)
      })
      const waiting = setInterval(() => {}, 1000)
      process.kill(process.pid, 'SIGUSR2')
    `)
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(child.stdout).toBe('8 50\n')
  })

  it('is known in a worker thread as well', async () => {
    await using child = program(`
      import { Worker } from 'node:worker_threads'
      const code = "import { parentPort } from 'node:worker_threads'; import { spawnProcess } from " +
        JSON.stringify(import.meta.resolve('@shellflip/fd-passing')) +
        "; spawnProcess({ file: '/bin/sh', args: ['-c', 'exit 4'], env: [] }, (exit) => parentPort.postMessage(exit))"
      const url = new URL('data:text/javascript,' + encodeURIComponent(code))
      new Worker(url).once('message', (exit) => console.log(JSON.stringify(exit)))
    `)
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(JSON.parse(child.stdout)).toEqual({ code: 4, signal: null })
  })
})

it('a spawned process keeps the event loop alive, unless unref() is called', async () => {
  await using child = program(`
    const spawn = (script) => fdPassing.spawnProcess({ file: '/bin/sh', args: ['-c', script], env: ['PATH=/usr/bin:/bin'] }, (exit) => console.log(exit.code))
    const sleeper = spawn('sleep 60')
    sleeper.unref()
    spawn('exit 5')
    process.on('exit', () => process.kill(sleeper.pid))
  `)
  expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
  expect(child.stdout).toBe('5\n')
  expect((await run(['-c', 'true'])).exit.code).toBe(0)
})
