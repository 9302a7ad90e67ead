import type { OwnedFd } from '@shellflip/fd-passing'
import { openFds } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { OlderGenerations } from './older-generations.ts'
import type { Predecessor } from './predecessor/predecessor.ts'

/** A generation that was given these ends. */
function generation(given: Record<string, OwnedFd> = {}): OlderGenerations {
  const predecessor = {
    keys: () => Object.keys(given),
    socket: (key: string) => ({ fd: given[key], activated: false }),
  }
  return new OlderGenerations(predecessor as unknown as Predecessor)
}

/** The copies that a successor gets. */
function copies(older: OlderGenerations): Record<string, OwnedFd> {
  return Object.fromEntries(older.offered().map(({ name, fd }, index) => [`${name}.${index}`, fd.dup()]))
}

test.runIf(process.platform === 'linux')(
  'those that drain learn when the last one is gone, not when the one in between is, and keep nothing',
  async () => {
    const before = openFds().size
    const told: string[] = []
    const first = generation()
    const second = generation(copies(first))
    const firstAlone = first.leave().then(() => told.push('first'))
    const third = copies(second)
    const secondAlone = second.leave().then(() => told.push('second'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([])

    for (const fd of Object.values(third)) fd.close()
    await Promise.all([firstAlone, secondAlone])
    expect(openFds().size).toBe(before)
  },
)
