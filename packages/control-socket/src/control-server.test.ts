import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { listenTcp, listenUnix, type OwnedFd, pipe, socketpair } from '@shellflip/fd-passing'
import { openFds, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ask, askForReplies } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { RawClient, testServer, words, wordsWithRefusal } from './testing/test-server.ts'

const request = { ask: 'x' }
const isRoot = process.geteuid?.() === 0
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

const echo = { protocol: words, answer: async ({ ask }: { ask: string }) => ({ say: ask }) }

function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o7777).toString(8)
}

/** As long as another server waits for a client that does not ask. */
async function patience(requestTimeoutMs: number): Promise<void> {
  await using other = await testServer({ requestTimeoutMs })
  using silent = await RawClient.connect(other.path)
  await silent.closed
}

describe('the path', () => {
  test.each([0o000, 0o022, 0o077])('is 0600 in a folder of 0700, whatever the umask (%o)', async (umask) => {
    const before = process.umask(umask)
    try {
      await using server = await testServer()
      expect([modeOf(server.path), modeOf(dirname(server.path))]).toEqual(['600', '700'])
    } finally {
      process.umask(before)
    }
  })

  test('of a live server is not taken, and the server keeps serving', async () => {
    await using server = await testServer()
    await expect(ControlServer.listen({ path: server.path, ...echo })).rejects.toEqual(
      refused('ERR_CONTROL_PATH_IN_USE', /a live process listens at/),
    )
    expect(await ask({ path: server.path, protocol: words, request })).toEqual({ say: 'x' })
    expect(server.events).toEqual([])
  })

  test('of a live server whose queue is full is not taken either', async () => {
    using folder = temporaryFolder()
    using _ = listenUnix({ path: folder.join('s'), backlog: 0 })
    const waiting = new AbortController()
    const first = ask({ path: folder.join('s'), protocol: words, request, signal: waiting.signal })
    const refusal = expect(first).rejects.toBe('done')
    await expect(ControlServer.listen({ path: folder.join('s'), ...echo })).rejects.toEqual(
      refused('ERR_CONTROL_PATH_IN_USE', /a live process/),
    )
    await expect(ask({ path: folder.join('s'), protocol: words, request })).rejects.toEqual(
      refused('ERR_BUSY', /Try again later/),
    )
    waiting.abort('done')
    await refusal
  })

  test('that a dead process left is taken over', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    listenUnix({ path }).close()
    expect(existsSync(path)).toBe(true)
    await using _ = await ControlServer.listen({ path, ...echo })
    expect(await ask({ path, protocol: words, request })).toEqual({ say: 'x' })
  })

  test('can be as long as the kernel takes', async () => {
    using folder = temporaryFolder()
    const path = folder.join('x'.repeat((process.platform === 'linux' ? 107 : 103) - folder.path.length - 1))
    await using _ = await ControlServer.listen({ path, ...echo })
    expect(await ask({ path, protocol: words, request })).toEqual({ say: 'x' })
    await expect(ControlServer.listen({ path: `${path}x`, ...echo })).rejects.toEqual(
      refused('ERR_CONTROL_PATH_TOO_LONG', /has \d+ bytes, and the system takes 10[37]/),
    )
  })

  test.each<[what: string, make: (path: string) => void, code: string, message: RegExp]>([
    [
      'a file',
      (path) => writeFileSync(path, 'mine'),
      'ERR_CONTROL_PATH_IN_USE',
      /is a regular file, not a socket/,
    ],
    ['a folder', (path) => mkdirSync(path), 'ERR_CONTROL_PATH_IN_USE', /is a folder, not a socket/],
    [
      'a symbolic link',
      (path) => symlinkSync('elsewhere', path),
      'ERR_CONTROL_PATH_IN_USE',
      /is a symbolic link, not a socket/,
    ],
  ])('with %s at it is refused, and stays as it is', async (_, make, code, message) => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    make(path)
    const { ino } = lstatSync(path)
    await expect(ControlServer.listen({ path, ...echo })).rejects.toEqual(refused(code, message))
    expect(lstatSync(path).ino).toBe(ino)
  })
})

describe('the folder', () => {
  test.each([0o770, 0o702, 0o1777])('that others can write (%o) is refused', async (mode) => {
    using folder = temporaryFolder()
    chmodSync(folder.path, mode)
    await expect(ControlServer.listen({ path: folder.join('s'), ...echo })).rejects.toEqual(
      refused('ERR_CONTROL_FORBIDDEN', /can be written by others \(mode 1?7\d\d\)/),
    )
    expect(existsSync(folder.join('s'))).toBe(false)
  })

  test.runIf(isRoot)('of another user is refused, and a link of theirs to ours', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('theirs'), { mode: 0o700 })
    chownSync(folder.join('theirs'), 65534, 65534)
    mkdirSync(folder.join('ours'), { mode: 0o700 })
    symlinkSync('ours', folder.join('link'))
    await using _ = await ControlServer.listen({ path: folder.join('link', 's'), ...echo })
    lchownSync(folder.join('link'), 65534, 65534)
    for (const name of ['theirs', 'link']) {
      await expect(ControlServer.listen({ path: folder.join(name, 's'), ...echo })).rejects.toEqual(
        refused('ERR_CONTROL_FORBIDDEN', /belongs to uid 65534/),
      )
    }
  })

  test('whose ancestor others can write is refused, and not made', async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o777)
    await expect(ControlServer.listen({ path: folder.join('run', 's'), ...echo })).rejects.toEqual(
      refused(
        'ERR_CONTROL_FORBIDDEN',
        /can be written by others \(mode 777\)\. They could replace .*\/run\./,
      ),
    )
    expect(existsSync(folder.join('run'))).toBe(false)
  })

  test('that is a file is refused', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('file'), '')
    await expect(ControlServer.listen({ path: folder.join('file', 's'), ...echo })).rejects.toEqual(
      refused('ERR_SYSTEM', /cannot use .*file for a control socket/),
    )
  })
})

describe('close', () => {
  test('unlinks the path, twice is once, and nothing is left open', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    const before = new Set(openFds().values())
    const server = await ControlServer.listen({ path, ...echo })
    await ask({ path, protocol: words, request })
    await Promise.all([server.close(), server.close()])
    expect(existsSync(path)).toBe(false)
    expect(() => server.listener()).toThrow(refused('ERR_SERVER_CLOSED', /closed/))
    await waitFor(() => [...openFds().values()].every((target) => before.has(target)))
  })

  test('does not touch a path that now belongs to another process', async () => {
    await using server = await testServer()
    rmSync(server.path)
    using _ = listenUnix({ path: server.path })
    const { ino } = lstatSync(server.path)
    await server.server.close()
    expect(lstatSync(server.path).ino).toBe(ino)
  })

  test('leaves a moment for last words', async () => {
    await using server = await testServer({
      async *answer(_, { signal }) {
        yield { say: 'working' }
        await once(signal, 'abort')
        await patience(50)
        yield { say: signal.reason.code }
      },
    })
    const replies = askForReplies({ path: server.path, protocol: words, request })
    await replies.next()
    const closed = server.server.close({ lastWordsMs: 20_000 })
    expect(await replies.next()).toMatchObject({ value: { say: 'ERR_SERVER_CLOSED' } })
    expect(await replies.next()).toMatchObject({ done: true })
    await closed
    expect(server.events).toEqual([])
  })

  test('does not make an answer fail that ends with it, and passes the reason', async () => {
    let asked = false
    await using server = await testServer({
      protocol: wordsWithRefusal,
      answer: async (_, { signal }) => {
        asked = true
        await once(signal, 'abort')
        throw signal.reason
      },
    })
    const answer = ask({ path: server.path, protocol: words, request })
    await waitFor(() => asked)
    await server.server.close()
    expect(await answer).toEqual({ say: 'no: the server closes' })
    expect(server.events).toEqual([])
  })

  test('does not wait for an answer that never comes', async () => {
    let asked = false
    await using server = await testServer({
      answer: () => {
        asked = true
        return new Promise(() => {})
      },
    })
    const answer = expect(ask({ path: server.path, protocol: words, request })).rejects.toEqual(
      refused('ERR_CLOSED_EARLY', /./),
    )
    await waitFor(() => asked)
    await server.server.close()
    await answer
  })
})

describe('an inherited listener', () => {
  test('answers what was queued, and the path stays', async () => {
    await using first = await testServer()
    const listener = first.server.listener()
    await first.server.close({ keepPath: true })
    const asked = ask({ path: first.path, protocol: words, request })
    const second = await ControlServer.adopt({ fd: listener, unlinkOnClose: true, ...echo })
    expect(second.path).toBe(first.path)
    expect(await asked).toEqual({ say: 'x' })
    await second.close()
    expect(existsSync(first.path)).toBe(false)
  })

  test('whose path is a service manager’s is not unlinked', async () => {
    using folder = temporaryFolder()
    const server = await ControlServer.adopt({ fd: listenUnix({ path: folder.join('s') }), ...echo })
    await server.close()
    expect(existsSync(folder.join('s'))).toBe(true)
  })

  test.each<[what: string, make: () => OwnedFd, message: RegExp]>([
    [
      'a TCP listener',
      () => listenTcp({ host: '127.0.0.1', port: 0 }),
      /not a UNIX socket: it is an IPv4 socket/,
    ],
    ['a pipe', () => pipe().reader, /not a UNIX socket: getsockname failed: ENOTSOCK/],
    ['a connection', () => socketpair('stream')[0], /cannot accept at .*EINVAL/],
    ['a datagram socket', () => socketpair('datagram')[0], /cannot accept at .*not a stream socket/],
  ])('that is %s is refused, and closed', async (_, make, message) => {
    const before = openFds().size
    using fd = make()
    await expect(ControlServer.adopt({ fd, ...echo })).rejects.toEqual(refused('ERR_SYSTEM', message))
    expect(fd.closed).toBe(true)
    await waitFor(() => openFds().size <= before + 1)
  })
})

test('a path that Node itself listens on is seen as live', async () => {
  using folder = temporaryFolder()
  const other = createServer((socket) => socket.destroy()).listen(folder.join('s'))
  await once(other, 'listening')
  try {
    await expect(ControlServer.listen({ path: folder.join('s'), ...echo })).rejects.toEqual(
      refused('ERR_CONTROL_PATH_IN_USE', /a live process/),
    )
  } finally {
    other.close()
  }
})
