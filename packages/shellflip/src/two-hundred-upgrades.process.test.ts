import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FlipSandbox, type ServiceEvent, serviceScript } from './testing/flip-sandbox.ts'

const generations = 201
const mebibyte = 1024 * 1024

test.runIf(process.platform === 'linux')(
  'the 200th successor has what the first one had, and nothing is left of the others',
  { timeout: 600_000 },
  async () => {
    const command = [process.execPath, '--expose-gc', serviceScript] as const
    await using service = await FlipSandbox.serving({ chain: generations }, { command })
    await service.event({ type: 'census', generation: generations }, { deadlineMs: 570_000 })

    const [, ...successors] = service.events({ type: 'census' })
    expect(holdings(successors)).toHaveLength(1)
    // The kernel closes what a predecessor had one by one: a census may be taken in between, but not all of them.
    const fds = quarters(successors.map((one) => one.fds)).map((counts) => Math.min(...counts))
    expect(new Set(fds).size, `descriptors: ${fds}`).toBe(1)
    // Each is a process of its own: what its memory grows by is what its predecessors have left it.
    expect(leastGrowth(successors.map(({ heapUsed }) => heapUsed))).toBeLessThan(mebibyte / 4)
    expect(leastGrowth(successors.map(({ rss }) => rss))).toBeLessThan(2 * mebibyte)

    const pids = service.events({ type: 'serving' }).map(({ pid }) => pid)
    expect(pids).toHaveLength(generations)
    const last = pids.at(-1) as number
    await service.onlyLives(last)
    expect(service.owners()).toEqual({ port: [last], path: [last], control: [last] })
    expect(readdirSync(service.path('control'))).toEqual(['restart.sock'])
    expect(service.isLockFree()).toBe(true)
    expect(await service.request()).toMatchObject({ pid: last })
  },
)

/** Which different things they hold, besides descriptors and memory. */
function holdings(censuses: readonly ServiceEvent[]): string[] {
  const all = censuses.map(({ resources, listeners, environment, arguments: args }) =>
    JSON.stringify({ resources, listeners, environment, args }),
  )
  return [...new Set(all)]
}

/** From one quarter to the next: what the system and the engine do by chance shows in some, what is kept shows in each. */
function leastGrowth(values: readonly number[]): number {
  const medians = quarters(values).map(median)
  return Math.min(...medians.slice(1).map((value, index) => value - (medians[index] as number)))
}

function quarters(values: readonly number[]): number[][] {
  const size = Math.floor(values.length / 4)
  return [0, 1, 2, 3].map((quarter) => values.slice(quarter * size, (quarter + 1) * size))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}
