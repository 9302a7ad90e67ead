import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ServicePlace, waitFor } from '@shellflip/testing'
import { askForRestart } from '@shellflip/upgrader'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./testing/leaving-service.mjs', import.meta.url))

describe.runIf(process.platform === 'linux')('a service', { timeout: 60_000 }, () => {
  test.each([
    ['process.exit()', 3],
    ['process.exit() amid its drain', 3],
    ['an exception', 1],
    ['a stop in another folder', 0],
  ])('that ends by %s leaves no file', async (how, code) => {
    await using place = new ServicePlace()
    const finished = await place.finish([program], { env: { LEAVES_BY: how } })
    expect(finished).toMatchObject({ code, stdout: expect.stringContaining('serves') })
    expect(readdirSync(place.path)).toEqual([])
  })

  test('whose listener throws at every event is upgraded, and serves', async () => {
    await using place = new ServicePlace()
    const service = place.start([program], { env: { LISTENER_THROWS: '1' } })
    const [, first] = await service.printed(/(\d+) serves/)
    const outcome = await askForRestart(place.join('control.sock'))
    expect(outcome).toMatchObject({ type: 'restarted' })
    await waitFor(() => !place.processes.includes(Number(first)))
    expect(place.processes).toHaveLength(1)
    expect(service.stderr).toContain('the listener of the event "ready" failed: the logger fails at ready')
  })
})
