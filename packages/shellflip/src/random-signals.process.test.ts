import { LoadClient, seededRandom, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import type { Side, Signal } from './testing/fault.ts'
import { runMatrix } from './testing/fault-matrix.ts'
import { FaultyService } from './testing/faulty-service.ts'

/**
 * Signals at random moments of an upgrade, under load. Afterwards exactly one process serves on every socket, nothing is left of the
 * other one, and what was reported is true:
 *
 * - A successor that is killed before it was released leaves the service to the predecessor.
 * - A predecessor that is killed when the successor has all that it gives leaves the service to the successor.
 * - A successor that is killed after it was released, and a predecessor that is killed before the successor has everything, end the
 *   service: nobody else has it. The manager starts it again, and it finds its paths free.
 * - A process that is stopped for a while, and continues, is as good as one that was slow. A successor that is stopped for longer than the
 *   ready timeout is killed. Time for which the predecessor is stopped does not count.
 *
 * RANDOM_SIGNALS=300 sends so many of each, FAULT_SEED chooses others.
 */
const count = Number(process.env.RANDOM_SIGNALS ?? 20)
const random = seededRandom(Number(process.env.FAULT_SEED ?? 1))
const readyTimeoutMs = 5_000
/** About as long as an upgrade takes. */
const upgradeMs = 800

const between = (low: number, high: number) => Math.round(low + random() * (high - low))
const side = (): Side => (random() < 0.5 ? 'predecessor' : 'successor')

const kill = (): Signal => ({ side: side(), signal: 'SIGKILL', afterMs: between(0, upgradeMs) })
const stop = (): Signal => ({
  side: side(),
  signal: 'SIGSTOP',
  afterMs: between(0, upgradeMs),
  // Some for longer than the ready timeout.
  stoppedMs: random() < 0.1 ? between(readyTimeoutMs, readyTimeoutMs + 1_000) : between(0, 1_500),
})

test.runIf(process.platform === 'linux').each<[string, () => Signal]>([
  ['SIGKILL', kill],
  ['SIGSTOP, and SIGCONT later,', stop],
])(
  `${count} times %s at a random moment leaves one process that serves`,
  {
    timeout: 60_000 + count * 12_000,
  },
  async (name, draw) => {
    const signals = Array.from({ length: count }, draw)
    const report = await runMatrix(signals, () => FaultyService.start({ readyTimeoutMs }), {
      upgrade: async (service, signal) => {
        await using load = LoadClient.start({
          target: { port: service.port },
          keepAlive: 3,
          newConnections: 2,
          thinkTimeMs: 5,
        })
        await waitFor(() => load.counts.ok > 0, { what: 'an answer' })
        return service.upgradeUnder(signal, () => load.stop())
      },
    })
    if (count > 20) console.log(name, JSON.stringify({ ...report, problems: report.problems.length }))
    expect(report.problems.join('\n')).toBe('')
    expect(report.runs).toBe(count)
    expect(report.reached, 'most signals find their process').toBeGreaterThan(count / 2)
  },
)
