import { waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { FlipSandbox, serviceScript } from './testing/flip-sandbox.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

describe.runIf(process.platform === 'linux')('a successor that is told to stop', () => {
  test('by everybody who stops the service, its predecessor too: what is under way is finished', async () => {
    // However late the second one is handled, it comes within half a second.
    const frozen = 'data:text/javascript,performance.now=()=>0'
    const command = [process.execPath, '--import', frozen, serviceScript] as const
    await using service = await FlipSandbox.serving({}, { command })
    const successor = await service.upgraded()
    service.plan({ at: { slow: 'stall' } })
    const answer = service.request('/slow').then(() => 'answered')
    await service.event({ type: 'at', point: 'slow' })
    process.kill(successor, 'SIGTERM')
    await service.event({ type: 'draining', pid: successor })
    process.kill(successor, 'SIGTERM')
    service.plan({ at: {} })
    expect(await answer).toBe('answered')
    await waitFor(() => service.pids().length === 0, { what: 'the end of the service' })
  })
})
