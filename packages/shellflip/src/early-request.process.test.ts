import { fileURLToPath } from 'node:url'
import { ServicePlace } from '@shellflip/testing'
import { askForRestart } from '@shellflip/upgrader'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('./testing/early-signal-service.mjs', import.meta.url))

test('a request inside shellflip() is answered, and the process becomes ready', {
  timeout: 60_000,
}, async () => {
  await using place = new ServicePlace()
  const service = place.start([program])
  await service.printed(/\d+ serves/)
  const outcome = await askForRestart(place.join('control.sock'))
  expect(outcome).toMatchObject({ type: 'restarted' })
  const { pid } = outcome as { pid: number }
  await service.printed(new RegExp(`${pid} serves`))
  expect(service.stdout).toContain(`${pid} SIGUSR2 not-ready\n`)
})
