import { existsSync, readFileSync } from 'node:fs'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import { describe, expect, test } from 'vitest'
import { FlipSandbox } from './testing/flip-sandbox.ts'

const ways = {
  SIGUSR2: async (service: FlipSandbox, pid: number) => {
    process.kill(pid, 'SIGUSR2')
    return (await service.event({ type: 'upgrade-over', by: 'SIGUSR2', pid })).outcome.pid
  },
  'the control socket': async (service: FlipSandbox) => ((await service.restart()) as { pid: number }).pid,
  'flip.upgrade()': async (service: FlipSandbox) => (await service.request('/upgrade')).pid,
}

describe.runIf(process.platform === 'linux')('an upgrade', { timeout: 60_000 }, () => {
  test.each(Object.entries(ways))('requested by %s', async (_, upgrade) => {
    await using service = await FlipSandbox.serving({ version: '1', state: {} })
    const [first] = service.pids() as [number]
    for (let visit = 1; visit <= 3; visit++) await service.request()
    service.plan({ version: '2' })

    const successor = await upgrade(service, first)
    await service.event({ type: 'serving', pid: successor })
    expect(successor).not.toBe(first)
    expect(await service.request()).toEqual({ pid: successor, version: '2', visits: 4 })
    expect(await service.requestByPath()).toEqual({ pid: successor, version: '2', visits: 5 })

    expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })
    await service.event({ type: 'alone', pid: successor })
    const { end } = await service.event({ type: 'done', pid: first })
    expect(end).toMatchObject({ type: 'upgraded', pid: successor, report: { clean: true } })
    await service.onlyLives(successor)
    expect(service.owners()).toEqual({ port: [successor], path: [successor], control: [successor] })
    expect(readFileSync(service.path('service.pid'), 'utf8')).toBe(`${successor}\n`)

    const third = await service.upgraded()
    await service.event({ type: 'alone', pid: third })
    process.kill(third, 'SIGTERM')
    const last = await service.event({ type: 'done', pid: third })
    expect(last.end).toMatchObject({ type: 'stopped', reason: 'SIGTERM', report: { clean: true } })
    await service.onlyLives()
    for (const file of ['service.pid', 'service.sock', 'control/restart.sock', 'control/restart.sock.lock']) {
      expect(existsSync(service.path(file)), file).toBe(false)
    }
  })

  test('happens one at a time, however it is requested', async () => {
    await using service = await FlipSandbox.serving()
    const [first] = service.pids() as [number]
    service.plan({ at: { 'before-ready': 'stall' } })
    const asked = service.upgraded()
    await service.event({ type: 'at', point: 'before-ready' })
    expect(await service.notUpgraded()).toBe('an upgrade is in progress')
    expect(await service.request('/upgrade')).toMatchObject({ type: 'refused', reason: 'in-progress' })
    process.kill(first, 'SIGUSR2')
    const { outcome } = await service.event({ type: 'upgrade-over', by: 'SIGUSR2' })
    expect(outcome).toMatchObject({ type: 'refused', reason: 'in-progress' })
    expect(service.events({ type: 'hook', hook: 'beforeUpgrade' })).toHaveLength(1)
    service.plan({ at: {} })
    await service.onlyLives(await asked)
  })

  test('is refused while another process holds the lock, and the reason names that process', async () => {
    await using service = await FlipSandbox.serving()
    const [first] = service.pids() as [number]
    const outcome = UpgradeLock.tryAcquire({ path: `${service.controlSocket}.lock` })
    if (outcome.type !== 'acquired') throw new Error(outcome.type)
    expect(await service.notUpgraded()).toContain(`is held by pid ${process.pid}`)
    await service.onlyLives(first)
    outcome.lock.release()
    expect(await service.upgraded()).not.toBe(first)
  })
})
