import { spawnSync } from 'node:child_process'
import { listenTcp, localAddress } from '@shellflip/fd-passing'
import { TestProcess } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { listenEnvironment, listenFds } from './index.ts'
import { startService } from './testing/service-process.ts'

const taking = `
  import { execFileSync } from 'node:child_process'
  import { isCloexec } from '@shellflip/fd-passing'
  import { listenFds } from '@shellflip/sd-notify'
  try {
    const passed = listenFds()
    console.log(JSON.stringify({
      passed: passed.map(({ name, fd }) => [name, fd.fd, isCloexec(fd.fd)]),
      again: listenFds(),
      left: Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')),
      child: execFileSync('sh', ['-c', 'echo "$LISTEN_PID$LISTEN_FDS$LISTEN_FDNAMES"; ls -l /proc/self/fd/ | grep "[34] -> socket"; true'], { encoding: 'utf8' }),
    }))
    globalThis.passed = passed
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, message: error.message }))
  }
`

it('takes what was passed: named, owned, once, and not for its children', async () => {
  using http = listenTcp({ host: '127.0.0.1', port: 0 })
  using admin = listenTcp({ host: '127.0.0.1', port: 0 })
  await using service = TestProcess.start(
    'sh',
    [
      '-c',
      'LISTEN_PID=$$ exec "$@"',
      'sh',
      process.execPath,
      '--input-type=module',
      '--eval',
      `${taking}
      import { createServer } from 'node:http'
      createServer((_, response) => response.end('served')).listen({ fd: passed[1].fd.release() })
      `,
    ],
    {
      cwd: new URL('..', import.meta.url).pathname,
      env: listenEnvironment(['http', 'admin']),
      extraFds: [http.fd, admin.fd],
    },
  )
  const [json] = await service.printed(/.*\n/)
  expect(JSON.parse(json)).toEqual({
    passed: [
      ['http', 3, true],
      ['admin', 4, true],
    ],
    again: [],
    left: [],
    child: '\n',
  })
  const address = localAddress(admin.fd)
  if (address.family === 'unix') expect.unreachable()
  else {
    const answer = await fetch(`http://127.0.0.1:${address.port}/`)
    expect(await answer.text()).toBe('served')
  }
})

it('takes auto for its own pid, and unknown for a name', async () => {
  using http = listenTcp({ host: '127.0.0.1', port: 0 })
  await using service = startService(taking, {
    env: { LISTEN_PID: 'auto', LISTEN_FDS: '1' },
    extraFds: [http.fd],
  })
  expect(JSON.parse((await service.printed(/.*\n/))[0])).toMatchObject({ passed: [['unknown', 3, true]] })
})

it('says which fd is missing, and takes none', async () => {
  using http = listenTcp({ host: '127.0.0.1', port: 0 })
  await using service = startService(taking, {
    env: { LISTEN_PID: 'auto', LISTEN_FDS: '2' },
    extraFds: [http.fd],
  })
  expect(JSON.parse((await service.printed(/.*\n/))[0])).toEqual({
    code: 'ERR_FD_NOT_OPEN',
    message: expect.stringContaining('fd 4'),
  })
  expect((await service.exit).code).toBe(0)
})

describe('without /proc', () => {
  const withoutProc = ['-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh']
  const canHide = spawnSync('unshare', [...withoutProc, 'true']).status === 0
  const listing = `
    import { listenFds } from '@shellflip/sd-notify'
    try {
      console.log(listenFds().map(({ fd }) => fd.fd).join())
    } catch ({ code, message }) {
      console.log(code + ': ' + message)
    }`

  // Only root can hide /proc, in a mount namespace.
  it.skipIf(!canHide).each([
    ['takes what was passed', '1', /^3\n/],
    ['says which fd is missing', '2', /^ERR_FD_NOT_OPEN: .* promises fd 4/],
  ])('%s', async (_, count, answer) => {
    using http = listenTcp({ host: '127.0.0.1', port: 0 })
    await using service = TestProcess.start(
      'unshare',
      [...withoutProc, process.execPath, '--input-type=module', '--eval', listing],
      {
        cwd: new URL('..', import.meta.url).pathname,
        env: { LISTEN_PID: 'auto', LISTEN_FDS: count },
        extraFds: [http.fd],
      },
    )
    await service.printed(answer)
  })
})

it('leaves what is for another process, but not the variables', () => {
  for (const env of [
    {},
    { LISTEN_PID: String(process.ppid), LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' },
    { LISTEN_FDS: '1' },
    { LISTEN_PID: String(process.pid), LISTEN_FDS: '0', LISTEN_FDNAMES: '', LISTEN_PIDFDID: '7' },
  ]) {
    expect(listenFds({ env })).toEqual([])
    expect(env).toEqual({})
  }
})

it('distinguishes fds of another process from variables without a process', () => {
  const told: number[] = []
  const onForeign = (pid: number) => told.push(pid)
  listenFds({ env: {}, onForeign })
  listenFds({ env: { LISTEN_PID: 'auto', LISTEN_FDS: '0' }, onForeign })
  expect(told).toEqual([])
  listenFds({ env: { LISTEN_PID: String(process.ppid), LISTEN_FDS: '1' }, onForeign })
  expect(told).toEqual([process.ppid])
})

it.each([
  { LISTEN_PID: 'me', LISTEN_FDS: '1' },
  { LISTEN_FDS: 'one' },
  { LISTEN_FDS: '-1' },
  { LISTEN_FDS: '99999999' },
  { LISTEN_FDS: '1', LISTEN_FDNAMES: 'a:b' },
  { LISTEN_FDS: '2', LISTEN_FDNAMES: 'a' },
])('says what is wrong in %j', (variables) => {
  const env = { LISTEN_PID: String(process.pid), ...variables }
  expect(() => listenFds({ env })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ENVIRONMENT' }))
  expect(env).toEqual({})
})
