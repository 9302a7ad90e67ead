import { mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { FlipPlan } from './testing/flip-plan.ts'
import { FlipSandbox } from './testing/flip-sandbox.ts'

type Failure = {
  plan: FlipPlan
  /** The answer that the requester gets. */
  reason: RegExp
  /** The failure that the undo hook gets. */
  failure: string
  /** The plan for the next successor, where the first plan was not for a point. */
  mended?: FlipPlan
  /** How the service that is upgraded is configured. */
  options?: FlipPlan['options']
}

/** So long as a successor that is well takes on no machine: the same process is upgraded to one afterwards. */
const hasty = { options: { readyTimeoutMs: 15_000 } }

const failures: Record<string, Failure> = {
  'the hook throws': { plan: { at: { hook: 'throw' } }, reason: /planned at hook/, failure: 'hook' },
  'the hook never ends': {
    plan: { at: { hook: 'stall' } },
    reason: /did not finish within 15000 ms/,
    ...hasty,
    failure: 'hook',
  },
  'the program is not there': {
    plan: { successor: { file: '/nowhere/node' } },
    reason: /ENOENT/,
    failure: 'cannot-start',
    mended: { successor: {} },
  },
  'the successor exits with 3 before shellflip()': {
    plan: { at: { 'before-shellflip': 'exit 3' } },
    reason: /exited with 3/,
    failure: 'exited',
  },
  'the successor exits with 0 before ready()': {
    plan: { at: { 'before-ready': 'exit 0' } },
    reason: /exited with 0/,
    failure: 'exited',
  },
  'the successor throws before shellflip()': {
    plan: { at: { 'before-shellflip': 'throw' } },
    reason: /exited with 1/,
    failure: 'exited',
  },
  'the successor throws before ready()': {
    plan: { at: { 'before-ready': 'throw' } },
    reason: /exited with 1/,
    failure: 'exited',
  },
  'R1: the successor hangs before shellflip()': {
    plan: { at: { 'before-shellflip': 'stall' } },
    reason: /not ready within 15000 ms/,
    ...hasty,
    failure: 'not-ready',
  },
  'R1: the successor hangs before ready()': {
    plan: { at: { 'before-ready': 'stall' } },
    reason: /not ready within 15000 ms/,
    ...hasty,
    failure: 'not-ready',
  },
  'R1: the successor hangs, and its event loop with it': {
    plan: { at: { 'before-ready': 'block' } },
    reason: /not ready within 15000 ms/,
    ...hasty,
    failure: 'not-ready',
  },
  'the schema of the successor rejects the state': {
    plan: { state: { reject: true } },
    reason: /visits/,
    failure: 'refused',
    mended: { state: {} },
  },
}

describe.runIf(process.platform === 'linux').concurrent(
  'an upgrade fails because',
  {
    timeout: 90_000,
  },
  () => {
    test.each(Object.entries(failures))(
      '%s',
      async (_, { plan, reason, failure, mended = {}, options = {} }) => {
        await using service = await FlipSandbox.serving({ version: '1', state: {}, options })
        const [pid] = service.pids() as [number]
        const before = service.fds(pid)

        service.plan(plan)
        expect(await service.notUpgraded()).toMatch(reason)
        await expectServesOn(service, pid, before)
        expect(hooks(service, pid)).toEqual(['beforeUpgrade', `upgradeFailed ${failure}`])

        service.plan({ version: '2', at: {}, ...mended })
        const successor = await service.upgraded()
        expect(await service.request()).toMatchObject({ pid: successor, version: '2' })
        expect(hooks(service, pid).slice(2)).toEqual(['beforeUpgrade', 'upgraded'])
        await service.onlyLives(successor)
      },
    )

    test('the working directory is gone', async () => {
      await using service = new FlipSandbox()
      const cwd = service.path('release')
      mkdirSync(cwd)
      const pid = await service.startServing({ cwd })
      const before = service.fds(pid)
      rmdirSync(cwd)
      expect(await service.notUpgraded()).toMatch(`the working directory ${cwd} does not exist`)
      mkdirSync(cwd)
      await expectServesOn(service, pid, before)
      expect(hooks(service, pid)).toEqual(['beforeUpgrade', 'upgradeFailed cannot-start'])
      expect(await service.upgraded()).not.toBe(pid)
    })

    test('the successor is killed', async () => {
      await using service = await FlipSandbox.serving()
      const [pid] = service.pids() as [number]
      const before = service.fds(pid)
      service.plan({ at: { 'before-ready': 'stall' } })
      const asked = service.notUpgraded()
      const { pid: successor } = await service.event({ type: 'at', point: 'before-ready' })
      process.kill(successor, 'SIGKILL')
      expect(await asked).toMatch(/killed by SIGKILL/)
      await expectServesOn(service, pid, before)
      expect(hooks(service, pid)).toEqual(['beforeUpgrade', 'upgradeFailed exited'])
      service.plan({ at: {} })
      expect(await service.upgraded()).not.toBe(pid)
    })

    test('the successor cannot have a port that it wants as well', async () => {
      await using other = await listening()
      await using service = await FlipSandbox.serving()
      const [pid] = service.pids() as [number]
      const before = service.fds(pid)
      service.plan({ taken: other.port })
      expect(await service.notUpgraded()).toMatch(/cannot listen at 127\.0\.0\.1/)
      await expectServesOn(service, pid, before)
      expect(hooks(service, pid).filter((hook) => hook.startsWith('upgradeFailed'))).toHaveLength(1)
    })

    test.each(['hook', 'before-shellflip', 'before-ready'] as const)(
      'the service is stopped at this point: %s',
      async (point) => {
        await using service = await FlipSandbox.serving()
        const [pid] = service.pids() as [number]
        service.plan({ at: { [point]: 'stall' } })
        const asked = service.notUpgraded()
        await service.event({ type: 'at', point })
        process.kill(pid, 'SIGTERM')
        expect(await asked).toMatch(/aborted/)
        service.plan({ at: {} })
        const { end } = await service.event({ type: 'done', pid })
        expect(end).toMatchObject({ type: 'stopped', reason: 'SIGTERM' })
        await service.onlyLives()
        expect(await service.exitOf(pid)).toEqual({ code: 0, signal: null })
        expect(hooks(service, pid)).toEqual(['beforeUpgrade', 'upgradeFailed aborted'])
        expect(readdirSync(service.path('control'))).toEqual([])
      },
    )
  },
)

async function expectServesOn(service: FlipSandbox, pid: number, before: readonly string[]): Promise<void> {
  expect(service.isLockFree()).toBe(true)
  await service.onlyLives(pid)
  expect(await service.request()).toMatchObject({ pid })
  expect(await service.requestByPath()).toMatchObject({ pid })
  expect(service.owners()).toEqual({ port: [pid], path: [pid], control: [pid] })
  await service.holds(pid, before)
}

const hooks = (service: FlipSandbox, pid: number) =>
  service.events({ type: 'hook', pid }).map(({ hook, failure }) => [hook, failure].filter(Boolean).join(' '))

async function listening() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}
