import { dup } from '@shellflip/fd-passing'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { listenEnvironment } from './listen-environment.ts'
import { listenFds } from './listen-fds.ts'
import { Notifier } from './notifier.ts'
import { isAllowed } from './notify-access.ts'
import { NotifySocket } from './notify-socket.ts'
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
])('%s that is wrong is an error, and nothing is sent', async (_, act) => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  using notifier = new Notifier(folder.join('notify'))
  await expect((async () => act(notifier))()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  const sent: unknown[] = []
  socket.takePending((notification) => sent.push(notification))
  expect(sent).toEqual([])
})

function closed() {
  const fd = dup(0)
  fd.close()
  return fd
}
