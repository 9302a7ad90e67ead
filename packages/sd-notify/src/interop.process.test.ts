import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { DgramSocket } from 'node-unix-socket'
import { describe, expect, it } from 'vitest'
import { Notifier, NotifySocket } from './index.ts'

/** Receives from a socket so many messages. */
async function take(socket: NotifySocket, count: number) {
  const received = []
  const notifications = socket[Symbol.asyncIterator]()
  while (received.length < count) {
    const { value } = await notifications.next()
    if (!value) throw new Error('the socket was closed')
    received.push(value)
  }
  return received
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0
}

describe('from another datagram library', () => {
  it('comes through, and junk between does no harm', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const sender = new DgramSocket()
    const junk = Array.from({ length: 50 }, (_, i) =>
      Buffer.from(Uint8Array.from({ length: i * 40 }, (_, at) => at * i)),
    )
    const sent = (async () => {
      for (const bytes of [...junk, Buffer.from('MAINPID=42\nREADY=1')]) {
        await new Promise<void>((resolve, reject) =>
          sender.sendTo(bytes, 0, bytes.length, socket.path, (error) => (error ? reject(error) : resolve())),
        )
      }
    })()
    const received = await take(socket, 51)
    await sent
    sender.close()
    for (const { message } of received.slice(0, -1)) expect(message).toEqual({})
    expect(received.at(-1)?.message).toEqual({ mainPid: 42, ready: true })
  })

  it('reads what the notifier sends', async () => {
    using folder = temporaryFolder()
    const receiver = new DgramSocket()
    const received = new Promise<string>((resolve) => receiver.once('data', (data) => resolve(String(data))))
    receiver.bind(folder.join('notify'))
    await using notifier = new Notifier(folder.join('notify'))
    expect(await notifier.ready({ status: 'Serving' })).toEqual({ type: 'sent' })
    expect(await received).toBe('READY=1\nSTATUS=Serving')
    receiver.close()
  })
})

describe.runIf(isInstalled('systemd-notify'))('systemd-notify', () => {
  it('is understood and gets its barrier answered', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using client = TestProcess.start(
      'systemd-notify',
      ['--ready', '--pid=4711', '--status=Serving', 'X_SHARD=3'],
      { env: { NOTIFY_SOCKET: socket.path } },
    )
    const notifications = socket[Symbol.asyncIterator]()
    const first = await notifications.next()
    expect(first.value?.message).toEqual({
      ready: true,
      mainPid: 4711,
      status: 'Serving',
      custom: { X_SHARD: '3' },
    })
    // It waits for the barrier, which is passed when the next message is asked for.
    const next = notifications.next()
    expect(await client.exit).toEqual({ code: 0, signal: null })
    socket.close()
    expect((await next).done).toBe(true)
  })

  it.runIf(process.platform === 'linux')('is understood at an abstract name', async () => {
    using socket = NotifySocket.open({ path: `@sd-notify-interop-${process.pid}` })
    await using client = TestProcess.start('systemd-notify', ['--ready', '--no-block'], {
      env: { NOTIFY_SOCKET: socket.path },
    })
    const [notification] = await take(socket, 1)
    expect(notification?.message).toEqual({ ready: true })
    expect(await client.exit).toEqual({ code: 0, signal: null })
  })
})

describe.runIf(isInstalled('python3'))('sendmsg of Python', () => {
  it('brings its fds, several in one message', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('state'), 'kept by python')
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using client = TestProcess.start('python3', [
      '-c',
      [
        'import array, os, socket, sys',
        's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
        's.connect(sys.argv[1])',
        'fds = array.array("i", [os.open(sys.argv[2], os.O_RDONLY), 1])',
        's.sendmsg([b"FDSTORE=1\\nFDNAME=state\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])',
        's.send(b"READY=1\\0")',
      ].join('\n'),
      socket.path,
      folder.join('state'),
    ])
    const [stored, ready] = await take(socket, 2)
    expect(stored?.message).toEqual({ fdStore: true, fdName: 'state' })
    expect(stored?.fds).toHaveLength(2)
    expect(stored?.fds[0] && readFileSync(stored.fds[0].fd, 'utf8')).toBe('kept by python')
    for (const fd of stored?.fds ?? []) fd.close()
    expect(ready?.message).toEqual({ ready: true })
    expect(await client.exit).toEqual({ code: 0, signal: null })
  })
})
