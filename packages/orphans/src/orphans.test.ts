import { once } from 'node:events'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import type { OrphansEvent } from './events.ts'
import { Orphans } from './orphans.ts'
import { recordOf, type Sleeper, sleeper } from './testing/recorded.ts'

describe('Orphans.find', () => {
  it('finds nothing without a record', async () => {
    expect((await Orphans.find({})).list()).toEqual([])
  })

  it('lists what a killed supervisor left, and ends it with its stop signal', async () => {
    using folder = temporaryFolder('pr-')
    using child = await sleeper()
    const onEvent = vi.fn<(event: OrphansEvent) => void>()
    const orphans = await Orphans.find({ record: recordOf(folder, child), stopSignal: 'SIGINT', onEvent })
    const name = { generation: 4, pid: child.pid }
    expect(orphans.list()).toEqual([name])
    expect(onEvent.mock.calls).toEqual([[{ type: 'orphan-found', policy: 'end', ...name }]])
    const exit = once(child.process, 'exit')
    await orphans.end()
    expect(await exit).toEqual([null, 'SIGINT'])
    expect(orphans.list()).toEqual([])
  })

  it.each<[object, string]>([
    [{}, "a killed supervisor left generation 4 (pid PID). End them (kill PID), or set the policy 'end'"],
    [
      { texts: { program: 'app', policyEnd: 'use --end' } },
      'a killed app left generation 4 (pid PID). End them (kill PID), or use --end',
    ],
  ])('refuses to start beside them, and names them: %j', async (options, message) => {
    using folder = temporaryFolder('pr-')
    using child = await sleeper()
    const finding = Orphans.find({ record: recordOf(folder, child), policy: 'refuse', ...options })
    await expect(finding).rejects.toMatchObject({
      code: 'ERR_ORPHANS_FOUND',
      message: message.replaceAll('PID', String(child.pid)),
    })
    expect(child.process.exitCode).toBeNull()
  })

  it('never touches the generations of a supervisor that lives', async () => {
    using folder = temporaryFolder('pr-')
    using child = await sleeper()
    const record = recordOf(folder, child, child)
    await expect(Orphans.find({ record, policy: 'end-first' })).rejects.toMatchObject({
      code: 'ERR_SUPERVISOR_ALIVE',
      message: expect.stringMatching(new RegExp(`Stop it \\(kill ${child.pid}\\), or use another record$`)),
    })
  })

  it.each<[string, (path: string) => void]>([
    ['is not a record', (path) => writeFileSync(path, '{}', { mode: 0o600 })],
    ['others could have written', (path) => chmodSync(path, 0o666)],
  ])('ignores a record that %s, and reports it', async (_what, spoil) => {
    using folder = temporaryFolder('pr-')
    using child: Sleeper = await sleeper()
    const record = recordOf(folder, child)
    spoil(record)
    const onEvent = vi.fn<(event: OrphansEvent) => void>()
    expect((await Orphans.find({ record, onEvent })).list()).toEqual([])
    expect(onEvent.mock.calls).toEqual([
      [{ type: 'record-unusable', path: record, error: expect.any(Error) }],
    ])
  })

  it.each<[object, RegExp]>([
    [{ recrod: '/x' }, /no option "recrod". Did you mean "record"/],
    [{ policy: 'kill' }, /policy must be 'end', 'end-first' or 'refuse', not "kill"/],
    [{ drainTimeoutMs: '5' }, /drainTimeoutMs must be/],
    [{ hurry: true }, /hurry must be/],
  ])('refuses %j', async (options, message) => {
    await expect(Orphans.find(options)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })
})

it('removes its record when nothing is left to find', async () => {
  using folder = temporaryFolder('pr-')
  const record = folder.join('generations.json')
  const orphans = await Orphans.find({ record })
  const keeper = orphans.keep({ notifySockets: folder })
  expect(existsSync(record)).toBe(true)
  expect(await keeper.over({ type: 'stopped' })).toBe(false)
  keeper[Symbol.dispose]()
  expect(existsSync(record)).toBe(false)
})

it('reports that an orphan serves on where nothing took its place', async () => {
  using folder = temporaryFolder('pr-')
  using child = await sleeper()
  const orphans = await Orphans.find({ record: recordOf(folder, child) })
  using keeper = orphans.keep({ notifySockets: folder })
  expect(await keeper.over({ type: 'gave-up', reason: 'too often' })).toBe(true)
})
