import { type OwnedFd, socketpair } from '@shellflip/fd-passing'
import { openFds, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { OlderGenerations } from './older-generations.ts'
import type { Predecessor } from './predecessor/predecessor.ts'

/** A generation that was given these ends. */
function generation(given: Record<string, OwnedFd> = {}): OlderGenerations {
  const predecessor = {
    keys: () => Object.keys(given),
    socket: (key: string) => ({ name: key, fd: given[key] }),
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
    const firstAlone = first.leave(() => undefined).then(() => told.push('first'))
    const third = copies(second)
    const secondAlone = second.leave(() => undefined).then(() => told.push('second'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([])

    for (const fd of Object.values(third)) fd.close()
    await Promise.all([firstAlone, secondAlone])
    expect(openFds().size).toBe(before)
  },
)

test('those that drain are distinguished from one that something else keeps alive', async () => {
  const [first, second] = [generation(), generation()]
  const [own] = Object.values(copies(first))
  const [other] = Object.values(copies(second))
  const given = { 'draining:11': own as OwnedFd, 'draining:12': other as OwnedFd }
  const serving = generation(given)
  let keptAliveBy: string | undefined
  const left = [first.leave(() => keptAliveBy), second.leave(() => undefined)]
  expect(await serving.describe()).toBe('2 older generations still drain (pids 11, 12). Try again later.')
  keptAliveBy = '2 Timeout, TCPServerWrap'
  expect(await serving.describe()).toBe(
    '2 older generations are still there. Those that drain: pid 12. ' +
      'Pid 11 has drained, but something keeps it alive: 2 Timeout, TCPServerWrap. ' +
      'Close it when flip.done resolves, or end that process.',
  )
  expect(serving.count).toBe(2)
  void serving.leave(() => undefined)
  await Promise.all(left)
})

test('one that does not answer counts as one that drains', async () => {
  const silent = socketpair('stream')
  const serving = generation({ 'draining:13': silent[1] })
  expect(await serving.describe()).toBe('1 older generation still drains (pid 13). Try again later.')
  silent[0].close()
  await waitFor(() => serving.count === 0, { what: 'the end of the older generation' })
  void serving.leave(() => undefined)
})
