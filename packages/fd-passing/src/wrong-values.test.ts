import { createServer } from 'node:http'
import { openFds } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import * as fdPassing from './index.ts'

const { OwnedFd, UnixListener, UnixSocket } = fdPassing
type OwnedFd = fdPassing.OwnedFd

/** Values that JavaScript can pass and TypeScript refuses. */
const given = (value: unknown) => value as never
const noDescriptors = [undefined, null, '3', '', NaN, 0.5, -1, 2 ** 31, 3n, {}, [], true, Symbol('3')]
const noOptions = [null, 'x', 3, [], () => {}]

async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
  return 'succeeded'
}

async function refusesEach(values: readonly unknown[], act: (value: never) => unknown): Promise<void> {
  const before = openFds().size
  for (const value of values)
    expect([value, await codeOf(() => act(given(value)))]).toEqual([value, 'ERR_INVALID_ARGUMENT'])
  expect(openFds().size).toBe(before)
}

describe('send()', () => {
  const pair = () => {
    const [sender, receiver] = UnixSocket.pair('stream')
    return { sender, receiver, [Symbol.dispose]: () => [sender, receiver].map((socket) => socket.close()) }
  }

  it('sends no descriptor but those of OwnedFd, and nothing at all in place of it', async () => {
    using ends = pair()
    using owned = fdPassing.dup(0)
    const wrong = [
      ...noDescriptors.map((value) => [value]),
      ...[[3], [owned, 3], [{ fd: 0 }], [createServer()], new Array(1), [owned, undefined]],
      ...[3, owned, null, {}, '3', new Set([owned]), { length: 1, 0: owned }, Int32Array.of(3)],
    ]
    await refusesEach(wrong, (fds) => ends.sender.send('x', { fds }))
    expect(ends.receiver.receiveNow()).toBeUndefined()
    await ends.sender.send('x', { fds: [owned] })
    const [received] = ends.receiver.receiveNow()?.fds ?? []
    received?.close()
  })

  it('says which one is wrong, and what to do', async () => {
    using ends = pair()
    using owned = fdPassing.dup(0)
    await expect(ends.sender.send('x', { fds: given([owned, 3]) })).rejects.toThrow(
      'fds[1] must be an OwnedFd of this package, not 3. dup(3) makes one of a copy',
    )
    await expect(ends.sender.send('x', { fds: given(owned) })).rejects.toThrow(
      'fds must be an array, not one OwnedFd. Write [fd]',
    )
    expect(() => fdPassing.dup(given(owned))).toThrow('is not a file descriptor. Pass its fd')
  })

  it('refuses an OwnedFd that is closed', async () => {
    using ends = pair()
    const owned = fdPassing.dup(0)
    owned.close()
    expect(await codeOf(() => ends.sender.send('x', { fds: [owned] }))).toBe('ERR_FD_CLOSED')
    expect(ends.receiver.receiveNow()).toBeUndefined()
  })

  it('takes text and bytes', async () => {
    using ends = pair()
    const wrong = [
      undefined,
      null,
      7,
      {},
      [1],
      new ArrayBuffer(1),
      new DataView(new ArrayBuffer(1)),
      Uint16Array.of(1),
    ]
    await refusesEach(wrong, (data) => ends.sender.send(data))
  })

  it.each([
    ['options', noOptions, (value: never) => value],
    ['an option that it does not have', [{ fd: [] }, { descriptors: [] }], (value: never) => value],
    ['signal', [new AbortController(), {}, true], (signal: never) => ({ signal })],
    ['retryTimeoutMs', ['1', NaN, -1], (retryTimeoutMs: never) => ({ retryTimeoutMs })],
    ['to', [3, ''], (to: never) => ({ to })],
    [
      'credentials',
      [1, 'me', [], {}, { pid: 1, uid: NaN, gid: 0 }],
      (credentials: never) => ({ credentials }),
    ],
  ])('refuses a wrong value for %s', async (_, values, options) => {
    const [sender, receiver] = UnixSocket.pair('datagram')
    await refusesEach(values, (value) => sender.send('x', options(value)))
    expect(receiver.receiveNow()).toBeUndefined()
    for (const socket of [sender, receiver]) socket.close()
  })
})

it.each([
  ['OwnedFd', (fd: never) => new OwnedFd(fd)],
  ['dup', fdPassing.dup],
  ['isCloexec', fdPassing.isCloexec],
  ['setCloexec', (fd: never) => fdPassing.setCloexec(fd, true)],
  ['tryLock', fdPassing.tryLock],
  ['lock', (fd: never) => fdPassing.lock(fd)],
  ['unlock', fdPassing.unlock],
  ['getSeals', fdPassing.getSeals],
  ['localAddress', fdPassing.localAddress],
  ['peerCredentials', fdPassing.peerCredentials],
  ['socketTypeOf', fdPassing.socketTypeOf],
  ['isIpv6Only', fdPassing.isIpv6Only],
  ['sharesAddress', fdPassing.sharesAddress],
  ['writeNow', (fd: never) => fdPassing.writeNow(fd, Buffer.alloc(1))],
  ['duplicateFrom', (fd: never) => fdPassing.duplicateFrom(process.pid, fd)],
  ['isLockFileAt', (fd: never) => fdPassing.isLockFileAt('/', fd)],
  ['removeLockFile', (fd: never) => fdPassing.removeLockFile('/nowhere', fd)],
])('%s() takes no other value for a descriptor', async (_, act) => {
  await refusesEach(noDescriptors, act)
})

it.each([
  ['serverFrom', (fd: never) => fdPassing.serverFrom(fd, createServer())],
  ['socketFrom', fdPassing.socketFrom],
  ['dgramFrom', fdPassing.dgramFrom],
  ['UnixSocket.adopt', (fd: never) => UnixSocket.adopt(fd)],
  ['UnixListener.adopt', (fd: never) => UnixListener.adopt(fd)],
])('%s() takes no other value for an OwnedFd', async (_, act) => {
  await refusesEach([...noDescriptors, 0, { fd: 0 }], act)
})

it.each([
  ['listenTcp', (options: never) => fdPassing.listenTcp(options), { host: '127.0.0.1', port: 0 }],
  ['bindUdp', (options: never) => fdPassing.bindUdp(options), { host: '127.0.0.1', port: 0 }],
  ['listenUnix', (options: never) => fdPassing.listenUnix(options), { path: '@wrong-values' }],
  ['claimUnixPath', (options: never) => fdPassing.claimUnixPath(options), { path: '@wrong-values' }],
  ['UnixListener.listen', (options: never) => UnixListener.listen(options), { path: '@wrong-values' }],
  ['UnixSocket.bind', (options: never) => UnixSocket.bind(options), { type: 'datagram', address: '@wrong' }],
  [
    'UnixSocket.connect',
    (options: never) => UnixSocket.connect(options),
    { type: 'stream', address: '@wrong' },
  ],
  ['UnixSocket.pair', (options: never) => UnixSocket.pair('stream', options), {}],
  ['memfd', (options: never) => fdPassing.memfd('name', options), {}],
  ['lock', (options: never) => fdPassing.lock(0, 'shared', options), {}],
  [
    'spawnProcess',
    (options: never) => fdPassing.spawnProcess(options, () => {}),
    { file: '/bin/true', env: [] },
  ],
])('%s() refuses options that it does not have', async (_, act, right) => {
  await refusesEach([...noOptions, { ...right, hots: 1 }, { ...right, signals: 1, timeout: 2 }], act)
})

it('names the option that was meant', () => {
  expect(() => fdPassing.listenTcp(given({ host: '127.0.0.1', prot: 0 }))).toThrow(
    'listenTcp() has no option "prot". Did you mean "port"?',
  )
})

const noPaths = [undefined, null, '', 'a\0b', 3, {}, Buffer.from('/x')]

it.each<[string, readonly unknown[], (value: never) => unknown]>([
  ['the host of listenTcp()', [undefined, 'localhost', 3], (host) => fdPassing.listenTcp({ host, port: 0 })],
  ['the port of listenTcp()', ['80', NaN, -1, 65536], (port) => fdPassing.listenTcp({ host: '::1', port })],
  ['ipv6Only', ['no', 1], (ipv6Only) => fdPassing.listenTcp({ host: '::1', port: 0, ipv6Only })],
  ['reusePort', ['no', 1], (reusePort) => fdPassing.bindUdp({ host: '::1', port: 0, reusePort })],
  ['a backlog', ['5', NaN, -1], (backlog) => fdPassing.listenUnix({ path: '@wrong-values', backlog })],
  ['the type of a socket', [undefined, 'tcp', 'toString', 1], (type) => fdPassing.socketpair(type)],
  ['a mode', ['660', -1, 0o10000], (mode) => fdPassing.listenUnix({ path: '/nowhere/s', mode })],
  [
    'an owner',
    [{ uid: NaN }, { uid: '0' }, { user: 0 }, 0],
    (owner) => fdPassing.listenUnix({ path: '/nowhere/s', mode: 0, owner }),
  ],
  ['the path of listenUnix()', noPaths, (path) => fdPassing.listenUnix({ path })],
  ['the path of claimUnixPath()', noPaths, (path) => fdPassing.claimUnixPath({ path })],
  ['the path of isUnixPathBound()', noPaths, fdPassing.isUnixPathBound],
  ['the path of UnixPathClaim', noPaths, (path) => new fdPassing.UnixPathClaim(path)],
  ['the path of socketFileAt()', noPaths, fdPassing.socketFileAt],
  ['the path of setSocketMode()', noPaths, (path) => fdPassing.setSocketMode(path, 0o600)],
  ['the path of lockFile()', noPaths, (path) => fdPassing.lockFile(path)],
  ['the path of openLockFile()', noPaths, fdPassing.openLockFile],
  ['the path of OwnFolder', noPaths, (path) => new fdPassing.OwnFolder(path)],
  ['the mode of a lock', ['write', 'ex', 1, null], (mode) => fdPassing.tryLock(0, mode)],
  ['a seal', ['writes', 1, 'toString'], (seal) => fdPassing.addSeals(0, [seal])],
  ['seals', ['write', {}, 1], (seals) => fdPassing.addSeals(0, seals)],
  ['the name of a memfd', [undefined, 3, 'a\0b', 'x'.repeat(250)], (name) => fdPassing.memfd(name)],
  ['a flag', [1, 'on', null], (on) => fdPassing.setCloexec(0, on)],
  ['a pid', [0, -1, '1', NaN, 2 ** 31, undefined], (pid) => fdPassing.watchPid(pid, () => {})],
  ['the pid of duplicateFrom()', [0, -1, '1', NaN, 2 ** 31], (pid) => fdPassing.duplicateFrom(pid, 0)],
  ['the pid of reapOrphan()', [0, -1, '1', NaN, 2 ** 31], fdPassing.reapOrphan],
  ['onExit of watchPid()', [undefined, 'x', {}], (onExit) => fdPassing.watchPid(process.pid, onExit)],
  ['a server', [undefined, {}, () => {}, 'x'], (server) => fdPassing.serverFrom(fdPassing.dup(0), server)],
  [
    'options of setAccess()',
    [...noOptions, undefined, { mode: 0, user: {} }],
    (access) => claimed().setAccess(access),
  ],
  [
    'an owner of setAccess()',
    [5, null, 'root', { uid: NaN }, { uid: '0' }, { gid: -1 }, { uid: 5n }],
    (owner) => claimed().setAccess({ mode: 0, owner }),
  ],
  [
    'the file of a claim',
    [5, {}, true, { dev: 1, ino: 1 }],
    (file) => new fdPassing.UnixPathClaim('/x', file),
  ],
  ['the socket of setBacklog()', [...noDescriptors, 0, { fd: 0 }], (socket) => fdPassing.setBacklog(socket)],
  [
    'a host that is not text',
    [Symbol('x'), Object.create(null)],
    (host) => fdPassing.listenTcp({ host, port: 0 }),
  ],
  [
    'a hole in what a process gets',
    [{ file: new Array(1) }, { args: new Array(1) }, { env: new Array(1) }, { fds: new Array(1) }],
    (wrong: object) => fdPassing.spawnProcess({ file: '/bin/true', env: [], ...wrong }, () => {}),
  ],
  [
    'a number of open files',
    [Symbol('x'), Object.create(null), '5', -2],
    (openFiles) => fdPassing.spawnProcess({ file: '/bin/true', env: [], openFiles }, () => {}),
  ],
  ['an owner of a handle', [undefined, null, {}, 'x', { _handle: { fd: 0 } }], fdPassing.fdOf],
  [
    'an argument of a program',
    ['-c', [1], [undefined], ['a\0b']],
    (args) => fdPassing.spawnProcess({ file: '/bin/true', env: [], args }, () => {}),
  ],
  [
    'a descriptor of a program',
    [3, ['3'], [undefined], [{}]],
    (fds) => fdPassing.spawnProcess({ file: '/bin/true', env: [], fds }, () => {}),
  ],
  [
    'ownSession',
    ['no', 1],
    (ownSession) => fdPassing.spawnProcess({ file: '/bin/true', env: [], ownSession }, () => {}),
  ],
  [
    'onExit of spawnProcess()',
    [undefined, {}],
    (onExit) => fdPassing.spawnProcess({ file: '/bin/true', env: [] }, onExit),
  ],
])('refuses a wrong value for %s', async (name, values, act) => {
  if (name === 'a server') {
    using owned = fdPassing.dup(0)
    await refusesEach(values, (server) => fdPassing.serverFrom(owned, server))
  } else await refusesEach(values, act)
})

it('refuses wrong options of receive() and accept()', async () => {
  const [left, right] = UnixSocket.pair('stream')
  const listener = UnixListener.listen({ path: `@wrong-values-${process.pid}` })
  const wrong = [...noOptions, { timeout: 1 }, { signal: new AbortController() }]
  await refusesEach([...wrong, { fdCount: '1' }, { fdCount: NaN }, { fdCount: -1 }], (options) =>
    left.receive(options),
  )
  await refusesEach(wrong, (options) => listener.accept(options))
  for (const owner of [left, right, listener]) owner.close()
})

/** A claim of a file that nobody may touch. */
function claimed() {
  return new fdPassing.UnixPathClaim('/nowhere/s', { dev: 1n, ino: 1n })
}

describe('a descriptor of the wrong kind', () => {
  const listener = () => fdPassing.listenUnix({ path: `@wrong-kind-${process.pid}` })
  const tcp = () => fdPassing.listenTcp({ host: '127.0.0.1', port: 0 })
  const udp = () => fdPassing.bindUdp({ host: '127.0.0.1', port: 0 })
  const end = () => {
    const [one, other] = fdPassing.socketpair('stream')
    other.close()
    return one
  }

  it.each([
    [
      'UnixListener.adopt',
      'a TCP socket',
      tcp,
      (fd: OwnedFd) => UnixListener.adopt(fd),
      'is not a UNIX socket',
    ],
    [
      'UnixListener.adopt',
      'a UDP socket',
      udp,
      (fd: OwnedFd) => UnixListener.adopt(fd),
      'is not a UNIX socket',
    ],
    ['UnixListener.adopt', 'a connection', end, (fd: OwnedFd) => UnixListener.adopt(fd), 'does not listen'],
    [
      'UnixSocket.adopt',
      'a listener',
      listener,
      (fd: OwnedFd) => UnixSocket.adopt(fd),
      'Use UnixListener.adopt()',
    ],
    ['socketFrom', 'a listener', tcp, fdPassing.socketFrom, 'Use serverFrom()'],
  ])("%s() refuses %s, which stays its owner's", (_name, _kind, make, adopt, message) => {
    using fd = make()
    expect(() => adopt(fd)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
    expect(fd.closed).toBe(false)
  })

  it('has no owner if it is not open', () => {
    expect(() => new OwnedFd(987_654)).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EBADF' }),
    )
  })
})

it('sends what the array of fds held at the call', async () => {
  const [sender, receiver] = UnixSocket.pair('seqpacket')
  // They fill the queue, so the last one waits.
  const before = Array.from({ length: 2_000 }, () => sender.send(Buffer.alloc(4_096)))
  const fds = [fdPassing.dup(0)]
  const sent = sender.send('last', { fds })
  const [owned] = fds.splice(0)
  const waits = new Promise((resolve) => setImmediate(resolve, 'waits'))
  expect(await Promise.race([sent, waits])).toBe('waits')
  const counts: number[] = []
  for (let count = 0; count <= before.length; count++) counts.push(await countOfFds())
  await Promise.all([...before, sent])
  expect(counts.at(-1)).toBe(1)
  for (const each of [sender, receiver, owned]) each?.close()

  async function countOfFds() {
    const message = await receiver.receive()
    for (const fd of message?.fds ?? []) fd.close()
    return message?.fds.length ?? 0
  }
})
