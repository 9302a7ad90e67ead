import { isAlive, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { FlipSandbox } from './testing/flip-sandbox.ts'

describe.runIf(process.platform === 'linux').concurrent('older generations', { timeout: 90_000 }, () => {
  test('three drain while a fourth serves; a fourth one is refused with the reason, until one has gone', async () => {
    await using service = await FlipSandbox.serving({ at: { slow: 'stall' } })
    const [first] = service.pids() as [number]
    const pids = [first]
    const answers: Promise<string>[] = []
    for (let generation = 1; generation <= 3; generation++) {
      answers.push(
        service.request('/slow').then(
          () => 'answered',
          () => 'cut',
        ),
      )
      await service.event({ type: 'at', point: 'slow', pid: pids.at(-1) as number })
      pids.push(await service.upgraded())
    }
    const [, second, third, serving] = pids as [number, number, number, number]
    expect(await service.notUpgraded()).toBe(
      `3 older generations still drain (pids ${[first, second, third].join(', ')}). Try again later.`,
    )
    await service.onlyLives(...pids)
    expect(await service.request()).toMatchObject({ pid: serving })
    expect(service.owners()).toEqual({ port: [serving], path: [serving], control: [serving] })

    process.kill(second, 'SIGKILL')
    await service.onlyLives(first, third, serving)
    const next = await expectUpgraded(service)
    service.plan({ at: {} })
    expect(await Promise.all(answers)).toEqual(['answered', 'cut', 'answered'])
    await service.onlyLives(next)
  })

  test('one that hangs at its drain ends at the deadline, and names the work that hung', async () => {
    await using service = await FlipSandbox.serving({
      options: { drainTimeoutMs: 1_500 },
      at: { drain: 'stall' },
    })
    const [first] = service.pids() as [number]
    const successor = await service.upgraded()
    const { end } = await service.event({ type: 'done', pid: first })
    expect(end).toMatchObject({
      type: 'upgraded',
      report: { clean: false, unfinished: [{ name: 'planned' }] },
    })
    expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })
    await service.event({ type: 'alone', pid: successor })
    await service.onlyLives(successor)
  })

  describe('of three generations, two of which drain', () => {
    /** Each but the last has a request that lasts until `release`. */
    async function three(service: FlipSandbox, busy: readonly (1 | 2)[]) {
      const pids = [service.pids()[0] as number]
      const answers: Promise<string>[] = []
      for (const generation of [1, 2] as const) {
        const pid = pids.at(-1) as number
        if (busy.includes(generation)) {
          answers.push(
            service.request('/slow').then(
              () => 'answered',
              () => 'cut',
            ),
          )
          await service.event({ type: 'at', point: 'slow', pid })
        }
        pids.push(await service.upgraded())
        if (!busy.includes(generation)) await waitFor(() => !isAlive(pid))
      }
      return { pids: pids as [number, number, number], answers: Promise.all(answers) }
    }

    const signal = (pids: readonly number[], name: NodeJS.Signals) => {
      for (const pid of pids) process.kill(pid, name)
    }

    test('a stop of the whole service cuts nothing of the first when the second has gone', async () => {
      await using service = await FlipSandbox.serving({ at: { slow: 'stall' } })
      const { pids, answers } = await three(service, [1])
      const [first, , third] = pids
      signal([first, third], 'SIGTERM')
      await waitFor(() => !isAlive(third))
      service.plan({ at: {} })
      expect(await answers).toEqual(['answered'])
      await service.onlyLives()
    })

    test('nor when the manager says it again to those that are left', async () => {
      await using service = await FlipSandbox.serving({ at: { slow: 'stall' } })
      const { pids, answers } = await three(service, [1, 2])
      const [first, second, third] = pids
      signal(pids, 'SIGTERM')
      await waitFor(() => !isAlive(third))
      signal([first, second], 'SIGTERM')
      service.plan({ at: {} })
      expect(await answers).toEqual(['answered', 'answered'])
      await service.onlyLives()
    })

    test('both make way at once when the third has crashed: it is the manager who starts the next', async () => {
      await using service = await FlipSandbox.serving({ at: { slow: 'stall' } })
      const { pids, answers } = await three(service, [1, 2])
      const [first, second, third] = pids
      signal([third], 'SIGKILL')
      await waitFor(() => !isAlive(third))
      signal([first, second], 'SIGTERM')
      expect(await answers).toEqual(['cut', 'cut'])
      await service.onlyLives()
    })
  })

  test('one that is stopped still counts as draining', async () => {
    await using service = await FlipSandbox.serving({ options: { maxDraining: 1 }, at: { slow: 'stall' } })
    const [first] = service.pids() as [number]
    const slow = service.request('/slow').catch(() => 'cut')
    await service.event({ type: 'at', point: 'slow' })
    await service.upgraded()
    process.kill(first, 'SIGSTOP')
    expect(await service.notUpgraded()).toMatch(`1 older generation still drains (pid ${first})`)
    process.kill(first, 'SIGKILL')
    await expectUpgraded(service)
    expect(await slow).toBe('cut')
  })
})

/** The end of an older generation is told by its socket, a moment after its process has gone. */
async function expectUpgraded(service: FlipSandbox): Promise<number> {
  const reply = await waitFor(async () => {
    const reply = await service.restart()
    return 'pid' in reply ? reply : undefined
  })
  return reply.pid
}
