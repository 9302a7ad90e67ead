import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FlipPlan } from './testing/flip-plan.ts'
import { FlipSandbox } from './testing/flip-sandbox.ts'

const blockBytes = 64 * 1024
const mebibyte = 1024 * 1024

const blocks = (bytes: number): FlipPlan => ({ state: { form: 'blocks', count: bytes / blockBytes } })

function digestOfBlocks(count: number): string {
  const digest = createHash('sha256')
  for (let index = 0; index < count; index++) digest.update(Buffer.alloc(blockBytes, `block ${index} `))
  return digest.digest('hex')
}

describe.runIf(process.platform === 'linux').concurrent('the state', { timeout: 90_000 }, () => {
  test('a successor that reads it to its end before it is ready finds that end', async () => {
    await using service = await FlipSandbox.serving(blocks(8 * mebibyte))
    const successor = await service.upgraded()
    expect(await service.event({ type: 'state-read', pid: successor })).toMatchObject({
      count: 128,
      digest: digestOfBlocks(128),
    })
  })

  test.each([
    ['1 MiB', mebibyte],
    ['1 GiB', 1024 * mebibyte],
  ])(
    '%s to a successor that dies midway fails immediately, and arrives whole the next time',
    async (_, bytes) => {
      await using service = await FlipSandbox.serving(blocks(bytes))
      const [pid] = service.pids() as [number]
      const before = service.fds(pid)
      service.plan({ at: { 'amid-state': 'exit 3' } })
      expect(await service.notUpgraded()).toMatch(/exited with 3/)
      await service.holds(pid, before)
      expect(await service.request()).toMatchObject({ pid })
      // The predecessor saves again what it saved then, and as much as a test has time for.
      if (bytes > mebibyte) return
      service.plan({ at: {} })
      const successor = await service.upgraded()
      const read = await service.event({ type: 'state-read', pid: successor })
      expect(read).toMatchObject({ count: 16, digest: digestOfBlocks(16) })
    },
  )

  test('a migration leads to version 2, and back to 1', async () => {
    await using service = await FlipSandbox.serving({ version: '1', state: { version: 1 } })
    await service.request()
    service.plan({ version: '2', state: { version: 2, down: true } })
    await service.upgraded()
    expect(await service.request()).toMatchObject({ version: '2', visits: 2 })
    service.plan({ version: '1', state: { version: 1 } })
    await service.upgraded()
    expect(await service.request()).toMatchObject({ version: '1', visits: 3 })
  })

  // Damage on the way is for the tests of @shellflip/handover: this predecessor's bytes are good.
  const refused: Record<string, { from?: FlipPlan; to: FlipPlan; reason: RegExp }> = {
    'is of a later version, and nothing leads down': {
      from: { state: { version: 2 } },
      to: { state: { version: 1 } },
      reason: /version 1|version 2/,
    },
    'does not fit the schema': { to: { state: { reject: true } }, reason: /visits/ },
    'the successor does not know': {
      to: { state: { name: 'guests' } },
      reason: /does not define the state "visits"/,
    },
    'comes in another form': { to: { state: { form: 'blocks' } }, reason: /form|items|value|blocks/ },
  }

  test.each(Object.entries(refused))(
    'R5: one that %s is refused, and the old process keeps serving',
    async (_, { from = {}, to, reason }) => {
      await using service = await FlipSandbox.serving({ version: 'old', state: {}, ...from })
      const [pid] = service.pids() as [number]
      await service.request()
      service.plan({ version: 'new', ...to })
      expect(await service.notUpgraded()).toMatch(reason)
      await service.onlyLives(pid)
      expect(await service.request()).toEqual({ pid, version: 'old', visits: 2 })
      expect(service.events({ type: 'hook', pid, hook: 'upgradeFailed' })).toHaveLength(1)

      service.plan({ version: 'mended', state: {}, ...from })
      const successor = await service.upgraded()
      expect(await service.request()).toEqual({ pid: successor, version: 'mended', visits: 3 })
    },
  )
})
