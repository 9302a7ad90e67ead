import { expect, test } from 'vitest'
import { formatMessage, listenFds, Notifier, NotifySocket, WatchdogPinger } from './index.ts'

const wrong = (options: object) => options as never
const notifier = new Notifier(undefined)

test.each<[string, () => unknown, RegExp]>([
  [
    'new Notifier()',
    () => new Notifier('/x', wrong({ sendTimeout: 1 })),
    /no option "sendTimeout".*"sendTimeoutMs"/,
  ],
  ['Notifier.fromEnvironment()', () => Notifier.fromEnvironment(wrong({ consum: 1 })), /"consum".*"consume"/],
  [
    'storeFd()',
    () => notifier.storeFd('x', [], wrong({ pol: 1 })),
    /storeFd\(\) has no option "pol".*"poll"/,
  ],
  [
    'barrier()',
    () => notifier.barrier(wrong({ timeoutMs: '5s' })),
    /timeoutMs must be a number of milliseconds/,
  ],
  [
    'ready()',
    () => notifier.ready(wrong({ statsu: 'x' })),
    /sd_notify\(3\) has no option "statsu".*"status"/,
  ],
  [
    'formatMessage()',
    () => formatMessage(wrong({ STATUS: 'x' })),
    /no option "STATUS"\. Did you mean "status"\?/,
  ],
  ['listenFds()', () => listenFds(wrong({ environment: {} })), /listenFds\(\) has no option "environment"/],
  [
    'NotifySocket.open()',
    () => NotifySocket.open(wrong({ path: '/x', mod: 1 })),
    /"mod"\. Did you mean "mode"\?/,
  ],
  ['new WatchdogPinger()', () => new WatchdogPinger(notifier, wrong({ interval: 1 })), /"intervalMs"/],
  [
    'WatchdogPinger.fromEnvironment()',
    () => WatchdogPinger.fromEnvironment(notifier, wrong({ consumed: true })),
    /Did you mean "consume"\?/,
  ],
])('%s names an option that it does not have', async (_, call, message) => {
  await expect((async () => call())()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})
