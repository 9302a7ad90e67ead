import { temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { NotifySocket } from './index.ts'
import { startService } from './testing/service-process.ts'

test('a service that was paused gives its sign of life as soon as it runs again', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  const pings: number[] = []
  const hear = async () => {
    for await (const { message } of socket) if (message.watchdog === 'ping') pings.push(performance.now())
  }
  const heard = hear()
  const everyMs = 2_000
  await using service = startService(
    `
      import { Notifier, WatchdogPinger } from '@shellflip/sd-notify'
      const pinger = new WatchdogPinger(Notifier.fromEnvironment(), { intervalMs: ${2 * everyMs} })
      setInterval(() => {}, 60_000)
      `,
    { env: { NOTIFY_SOCKET: socket.path } },
  )
  await waitFor(() => pings.length === 1)
  process.kill(service.pid, 'SIGSTOP')
  const over = performance.now() + 1.2 * everyMs
  await waitFor(() => performance.now() > over)
  expect(pings).toHaveLength(1)
  const continuedAt = performance.now()
  process.kill(service.pid, 'SIGCONT')
  await waitFor(() => pings.length === 2)
  expect((pings[1] ?? 0) - continuedAt).toBeLessThan(everyMs / 2)
  socket.close()
  await heard
})
