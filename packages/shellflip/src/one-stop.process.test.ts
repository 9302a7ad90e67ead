import { waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { FlipSandbox, serviceScript } from './testing/flip-sandbox.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

/** Cleans up on SIGTERM, and raises it again to end the process by it: as Apollo Server and Nest do. */
const library = `data:text/javascript,${encodeURIComponent(`
  import { appendFileSync } from 'node:fs'
  process.on('SIGTERM', async function cleanUp() {
    await undefined
    process.off('SIGTERM', cleanUp)
    process.kill(process.pid, 'SIGTERM')
    const event = JSON.stringify({ pid: process.pid, type: 'raised' })
    setTimeout(() => appendFileSync(process.env.FLIP_FOLDER + '/events.jsonl', event + '\\n'), 50)
  })`)}`

/** A service with a request that waits for the plan to change. */
async function withRequest(command: readonly [string, ...string[]]) {
  const service = await FlipSandbox.serving({ at: { slow: 'stall' } }, { command })
  const begin = async () => {
    const answer = service.request('/slow').then(
      () => 'answered',
      () => 'cut',
    )
    await service.event({ type: 'at', point: 'slow' })
    return answer
  }
  return { service, begin }
}

describe.runIf(process.platform === 'linux')('a stop', () => {
  test.each(['a first process', 'a successor'])(
    'that a library raises again is one stop, in %s',
    async (who) => {
      const { service, begin } = await withRequest([process.execPath, '--import', library, serviceScript])
      await using _ = service
      const [first] = service.pids() as [number]
      const pid = who === 'a successor' ? await service.upgraded() : first
      const answering = { answer: begin() }
      await service.event({ type: 'at', point: 'slow', pid })
      process.kill(pid, 'SIGTERM')
      await service.event({ type: 'raised', pid })
      service.plan({ at: {} })
      expect(await answering.answer).toBe('answered')
      await service.onlyLives()
    },
  )

  test('that is sent twice within moments is one stop, in a first process too', async () => {
    const { service, begin } = await withRequest([process.execPath, serviceScript])
    await using _ = service
    const [pid] = service.pids() as [number]
    const answering = { answer: begin() }
    await service.event({ type: 'at', point: 'slow' })
    process.kill(pid, 'SIGTERM')
    await service.event({ type: 'draining' })
    process.kill(pid, 'SIGTERM')
    process.kill(pid, 'SIGUSR2')
    await service.event({ type: 'upgrade-over' })
    service.plan({ at: {} })
    expect(await answering.answer).toBe('answered')
  })

  test('that a person repeats cuts the drain', async () => {
    const { service, begin } = await withRequest([process.execPath, serviceScript])
    await using _ = service
    const [pid] = service.pids() as [number]
    const cut = vi.fn()
    void begin().then(cut)
    await service.event({ type: 'at', point: 'slow' })
    process.kill(pid, 'SIGTERM')
    await service.event({ type: 'draining' })
    await waitFor(() => {
      if (cut.mock.calls.length === 0) process.kill(pid, 'SIGINT')
      return cut.mock.calls.length > 0
    })
    expect(cut).toHaveBeenCalledWith('cut')
    await service.onlyLives()
  })
})
