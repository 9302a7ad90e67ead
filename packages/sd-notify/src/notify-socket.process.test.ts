import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { FdPassingError, maxUnixAddressBytes, pipe, UnixSocket } from '@shellflip/fd-passing'
import { openFds, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { Notifier, NotifySocket, type SdNotifyError } from './index.ts'
import { startService } from './testing/service-process.ts'

const onLinux = process.platform === 'linux'

describe('the path', () => {
  it('is open to its owner only, unless mode says otherwise', () => {
    using folder = temporaryFolder()
    using own = NotifySocket.open({ path: folder.join('own') })
    using open = NotifySocket.open({ path: folder.join('open'), mode: 0o666 })
    expect(statSync(own.path).mode & 0o777).toBe(0o600)
    expect(statSync(open.path).mode & 0o777).toBe(0o666)
  })

  it('is taken over from a process that was killed', async () => {
    using folder = temporaryFolder()
    const path = folder.join('notify')
    await using killed = startService(
      `
      import { NotifySocket } from '@shellflip/sd-notify'
      const socket = NotifySocket.open({ path: ${JSON.stringify(path)} })
      console.log('open')
      for await (const _ of socket);
      `,
    )
    await killed.printed(/open/)
    expect(() => NotifySocket.open({ path })).toThrow(
      expect.objectContaining({ code: 'ERR_NOTIFY_PATH_IN_USE', message: expect.stringContaining(path) }),
    )
    killed.kill('SIGKILL')
    await killed.exit
    expect(existsSync(path)).toBe(true)

    using socket = NotifySocket.open({ path })
    await using notifier = new Notifier(path)
    await notifier.ready()
    expect((await socket[Symbol.asyncIterator]().next()).value?.message).toEqual({ ready: true })
  })

  it('is not taken from a live socket, nor from a file', async () => {
    using folder = temporaryFolder()
    using live = NotifySocket.open({ path: folder.join('live') })
    writeFileSync(folder.join('file'), 'precious')
    for (const path of [live.path, folder.join('file')]) {
      expect(() => NotifySocket.open({ path })).toThrow(
        expect.objectContaining({ code: 'ERR_NOTIFY_PATH_IN_USE' }),
      )
    }
    expect(readFileSync(folder.join('file'), 'utf8')).toBe('precious')
    await using notifier = new Notifier(live.path)
    expect(await notifier.ready()).toEqual({ type: 'sent' })
  })

  it.runIf(onLinux)('is not taken from a live socket of an abstract name', () => {
    using live = NotifySocket.open({ path: `@sd-notify-in-use-${process.pid}` })
    expect(() => NotifySocket.open({ path: live.path })).toThrow(
      expect.objectContaining({ code: 'ERR_NOTIFY_PATH_IN_USE' }),
    )
  })

  it('may be as long as the kernel allows, and the error names the limit', () => {
    using folder = temporaryFolder()
    const longest = maxUnixAddressBytes
    const path = folder.join('n'.repeat(longest - folder.path.length - 1))
    NotifySocket.open({ path }).close()
    expect(() => NotifySocket.open({ path: `${path}n` })).toThrow(
      expect.objectContaining({
        code: 'ERR_NOTIFY_PATH_TOO_LONG',
        message: expect.stringMatching(new RegExp(`${path}n.*${longest}`)),
      }),
    )
  })

  it('must be in a folder that is there', () => {
    using folder = temporaryFolder()
    expect(() => NotifySocket.open({ path: folder.join('missing', 'notify') })).toThrow(
      expect.objectContaining({ code: 'ERR_CANNOT_OPEN', message: expect.stringContaining('ENOENT') }),
    )
  })

  it("is removed at close, unless it is another's by then", () => {
    using folder = temporaryFolder()
    const socket = NotifySocket.open({ path: folder.join('one') })
    socket.close()
    socket.close()
    expect(existsSync(socket.path)).toBe(false)

    const replaced = NotifySocket.open({ path: folder.join('two') })
    using other = NotifySocket.open({ path: folder.join('other') })
    renameSync(other.path, replaced.path)
    replaced.close()
    expect(existsSync(replaced.path)).toBe(true)
  })
})

describe('close', () => {
  it('ends the iteration, a waiting one and a later one', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const waiting = socket[Symbol.asyncIterator]().next()
    setImmediate(() => socket.close())
    expect(await waiting).toEqual({ done: true, value: undefined })
    for await (const _ of socket) expect.unreachable()
  })

  it('closes the fds that the consumer did not take', async () => {
    using folder = temporaryFolder()
    const socket = NotifySocket.open({ path: folder.join('notify') })
    const { reader, writer } = pipe()
    const pipeItself = openFds().get(reader.fd)
    {
      await using notifier = new Notifier(socket.path)
      await notifier.storeFd('pipe', writer)
    }
    writer.close()
    socket.close()
    const stream = new Socket({ fd: reader.release(), readable: true, writable: false })
    await new Promise((resolve) => stream.once('close', resolve).resume())
    expect([...openFds().values()]).not.toContain(pipeItself)
  })
})

describe('what is queued by now', () => {
  it('is handed over at once, in order, and a barrier in it is passed', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path)
    await notifier.status('one')
    await notifier.status('two')
    const passed = notifier.barrier()
    await new Promise((resolve) => setImmediate(resolve))
    const seen: (string | undefined)[] = []
    socket.takePending(({ message }) => seen.push(message.status))
    expect(seen).toEqual(['one', 'two'])
    expect(await passed).toEqual({ type: 'sent' })
    socket.takePending(() => expect.unreachable())
    socket.close()
    socket.takePending(() => expect.unreachable())
  })

  it('is not what an iteration waits for', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const waiting = socket[Symbol.asyncIterator]().next()
    await using notifier = new Notifier(socket.path)
    await notifier.status('one')
    const seen: (string | undefined)[] = []
    socket.takePending(({ message }) => seen.push(message.status))
    await notifier.status('two')
    expect(seen).toEqual(['one'])
    expect((await waiting).value?.message.status).toBe('two')
  })
})

it('tries again when the system refuses to receive, and reports it once', async () => {
  using folder = temporaryFolder()
  const failures: SdNotifyError[] = []
  using socket = NotifySocket.open({
    path: folder.join('notify'),
    onReceiveFailed: (error) => failures.push(error),
  })
  const refused = new FdPassingError('ERR_SYSTEM', 'recvmsg failed: ENOMEM', { errno: 'ENOMEM' })
  const receive = vi.spyOn(UnixSocket.prototype, 'receive')
  for (let n = 0; n < 3; n++) receive.mockRejectedValueOnce(refused)
  await using notifier = new Notifier(socket.path)
  await notifier.ready()
  const { value } = await socket[Symbol.asyncIterator]().next()
  receive.mockRestore()
  expect(value?.message).toEqual({ ready: true })
  expect(failures).toMatchObject([{ code: 'ERR_RECEIVE_FAILED', cause: refused }])
})

it.runIf(onLinux)('skips a message whose fds do not fit, and receives the next one', async () => {
  using folder = temporaryFolder()
  const path = folder.join('notify')
  await using manager = startService(
    `
      import { closeSync, openSync } from 'node:fs'
      import { NotifySocket } from '@shellflip/sd-notify'
      const socket = NotifySocket.open({
        path: ${JSON.stringify(path)},
        onSkipped: ({ code }) => {
          for (const fd of taken) closeSync(fd)
          console.log('skipped', code)
        },
      })
      console.log('open')
      const taken = []
      try {
        for (;;) taken.push(openSync('/dev/null'))
      } catch {}
      for await (const { message, fds } of socket) console.log(JSON.stringify(message), fds.length)
      `,
  )
  await manager.printed(/open/)
  const { reader, writer } = pipe()
  using _reader = reader
  using _writer = writer
  await using notifier = new Notifier(path)
  await notifier.storeFd('pipe', [writer, reader], { replace: false })
  await manager.printed(/skipped ERR_MESSAGE_SKIPPED/)
  await notifier.storeFd('pipe', [writer, reader], { replace: false })
  await manager.printed(/{"fdStore":true,"fdName":"pipe"} 2/)
})
