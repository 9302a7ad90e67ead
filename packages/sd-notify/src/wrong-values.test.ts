import { dup } from '@shellflip/fd-passing'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { formatMessage } from './format-message.ts'
import { listenEnvironment } from './listen-environment.ts'
import { listenFds } from './listen-fds.ts'
import { Notifier } from './notifier.ts'
import { isAllowed } from './notify-access.ts'
import { NotifySocket } from './notify-socket.ts'
import { parseMessage } from './parse-message.ts'
import { watchdogIntervalMs } from './watchdog-interval.ts'
import { WatchdogPinger } from './watchdog-pinger.ts'

const given = (value: unknown) => value as never

test.each<[string, (notifier: Notifier) => unknown]>([
  ['a number as fd', (notifier) => notifier.storeFd('name', given(3))],
  ['numbers as fds', (notifier) => notifier.storeFd('name', given([3]))],
  ['an object as fd', (notifier) => notifier.send({ fdStore: true }, given([{ fd: 0 }]))],
  ['fds without an array', (notifier) => notifier.send({ fdStore: true }, given(3))],
  ['an OwnedFd that is closed', (notifier) => notifier.storeFd('name', closed())],
  [
    'an option of storeFd() that does not exist',
    (notifier) => notifier.storeFd('name', dup(0), given({ pol: false })),
  ],
  ['a property that does not exist', (notifier) => notifier.ready(given({ statsu: 'x' }))],
  ['a signal of life that does not exist', (notifier) => notifier.send(given({ watchdog: 'pong' }))],
  ['a time that is not a number', (notifier) => notifier.extendTimeout(given('soon'))],
  ['a timeout that is not a number', (notifier) => notifier.barrier({ timeoutMs: NaN })],
  ['a pid that is not a number', (notifier) => notifier.mainPid(given('me'))],
  ['options of a notifier', () => new Notifier('@x', given({ sendTimeoutMs: '5' }))],
  ['an address', () => new Notifier(given(3))],
  ['options of the environment', () => Notifier.fromEnvironment(given({ environment: {} }))],
  ['an interval', (notifier) => new WatchdogPinger(notifier, { intervalMs: NaN })],
  ['options of listenFds()', () => listenFds(given({ onforeign: () => {} }))],
  ['the path of a notify socket', () => NotifySocket.open(given({}))],
  ['the mode of a notify socket', () => NotifySocket.open({ path: '/nowhere/s', mode: given('600') })],
  ['names of sockets', () => listenEnvironment(given('http'))],
  ['a name of a socket', () => listenEnvironment(given([1]))],
  ['an access', () => isAllowed(given('everybody'), undefined, 1)],
  ['a main pid', () => isAllowed('main', undefined, given(undefined))],
  ['a sender', () => isAllowed('main', given('1'), 1)],
  ['a list of pids', () => isAllowed('exec', { pid: 1, uid: 0, gid: 0 }, 2, given('1'))],
  ['a time that is text', (notifier) => notifier.extendTimeout(given('5'))],
  ['a time that is null', (notifier) => notifier.extendTimeout(given(null))],
  ['a missing name', (notifier) => notifier.removeFd(given(undefined))],
  ['a missing name of a stored fd', (notifier) => notifier.storeFd(given(undefined), dup(0))],
  ['a message in place of which null comes', (notifier) => notifier.ready(given(null))],
  ['a message that is a Map', (notifier) => notifier.stopping(given(new Map([['status', 'x']])))],
  ['own keys in a Map', (notifier) => notifier.send({ ready: true, custom: given(new Map([['X_A', '1']])) })],
  ['options of the environment that are null', () => Notifier.fromEnvironment(given(null))],
  ['a notifier', () => new WatchdogPinger(given({}), { intervalMs: 5 })],
  ['an environment', () => watchdogIntervalMs(given(null))],
  ['a datagram', () => parseMessage(given(undefined))],
  ['what is taken from a socket', () => takeNothing()],
  ['a name of a socket that is a bigint', () => listenEnvironment(given([5n]))],
])('%s that is wrong is an error, and nothing is sent', async (_, act) => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  using notifier = new Notifier(folder.join('notify'))
  await expect((async () => act(notifier))()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  const sent: unknown[] = []
  socket.takePending((notification) => sent.push(notification))
  expect(sent).toEqual([])
})

test.each([
  ['fdName', [null, 5, {}, ['name']]],
  ['busError', [null, 5, {}, true, Symbol('x')]],
  ['varlinkError', [null, 5n, ['x']]],
  ['notifyAccess', [null, ['main']]],
  ['mainPid', [null, '5', [5], 5n]],
  ['errno', [null, '5', 'EPERM', [5]]],
  ['exitStatus', [null, '5', 5n]],
  ['monotonicUsec', [null, 5, '5']],
  ['mainPidFdId', [null, 5, ['5']]],
])('%s takes no value of another type', (property, values) => {
  for (const value of values)
    expect(() => formatMessage({ [property]: given(value) })).toThrow(`${property} must be`)
})

test('a state stays in its message, whatever else the message has', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  using notifier = new Notifier(folder.join('notify'))
  await notifier.ready({ ready: given(undefined), status: 'up' })
  await notifier.reloading({ monotonicUsec: given(undefined) })
  const sent: unknown[] = []
  socket.takePending(({ message }) => sent.push(message))
  expect(sent).toEqual([
    { ready: true, status: 'up' },
    { reloading: true, monotonicUsec: expect.any(BigInt) },
  ])
})

function takeNothing() {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  socket.takePending(given(undefined))
}

function closed() {
  const fd = dup(0)
  fd.close()
  return fd
}
