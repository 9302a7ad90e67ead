import { seededRandom } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { disturbances, Soak } from './testing/soak.ts'

/**
 * Rolls under load, each fifth of them with a fault in procroll, in the new version or around them. No request fails, no
 * generation that serves is ended but by a roll, and nothing is left at the end.
 *
 * SOAK_ROLLS=5000 makes so many, SOAK_SEED chooses other faults.
 */
const rolls = Number(process.env.SOAK_ROLLS ?? 50)
const seed = Number(process.env.SOAK_SEED ?? 1)
const quarter = Math.ceil(rolls / 4)

test.runIf(process.platform === 'linux')(
  `${rolls} rolls with faults between them lose no request and leave nothing`,
  { timeout: 60_000 + rolls * 2_000 },
  async () => {
    const random = seededRandom(seed)
    await using soak = new Soak(random)
    await soak.start()
    const met: Record<string, number> = {}
    for (let n = 1; n <= rolls; n++) {
      const disturbance =
        random() < 0.2 ? disturbances[Math.floor(random() * disturbances.length)] : undefined
      met[disturbance ?? 'none'] = (met[disturbance ?? 'none'] ?? 0) + 1
      await soak.roll(disturbance).catch((error) => {
        throw new Error(`roll ${n}, ${disturbance ?? 'undisturbed'}: ${error.message}\n${soak.log}`)
      })
      if (rolls > 50 && n % quarter === 0) console.log(n, JSON.stringify({ ...soak.usage(), ...met }))
    }
    const { left, exitCode, answered } = await soak.stop()
    expect(left).toEqual([])
    expect(exitCode).toBe(0)
    expect(answered).toBeGreaterThan(rolls)
  },
)
