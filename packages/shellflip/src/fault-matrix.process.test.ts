import { seededRandom } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import type { Disaster, Fault, SeamCall, Side } from './testing/fault.ts'
import { runMatrix, sample } from './testing/fault-matrix.ts'
import { FaultyService } from './testing/faulty-service.ts'
import { hasStrace, type SystemCall, systemCallsOf } from './testing/strace.ts'

/**
 * Every step of an upgrade is made to fail, on either side, in every way that is known. After each run exactly one process
 * serves on every socket, and it is the one that was reported. Nothing is left of the other one, and the next upgrade succeeds.
 *
 * Two ends of a process are crashes of the service, and no failed upgrade: nobody else has the service then. A successor that ends by
 * itself after it was released is one, and a predecessor that ends before its successor has everything is the other.
 *
 * A run takes a sample. FAULT_MATRIX=full runs everything, FAULT_SEED chooses another sample.
 */
const isFull = process.env.FAULT_MATRIX === 'full'
const random = seededRandom(Number(process.env.FAULT_SEED ?? 1))
const timeout = isFull ? 3_600_000 : 180_000

const disasters: Disaster[] = ['exit', 'abort', 'kill', 'uncaught', 'uncaught in the next turn', 'rejection']
const points = ['boot', 'amid-state', 'taken-over', 'before-ready', 'said-ready', 'listening', 'ready']

/** For an event loop that stands still: the timeout is waited for. A good successor has to start within it too. */
const hasty = { readyTimeoutMs: isFull ? 4_000 : 8_000 }

/** The errors of a system call that fails. The first one is in every sample. */
function errnosOf(call: string): string[] {
  if (/socket|dup|open|pipe|accept|epoll_create|pidfd|eventfd/.test(call))
    return ['EMFILE', 'ENFILE', 'ENOMEM']
  if (/rename|unlink|rm|chmod|mkdir|stat|write/.test(call)) return ['EACCES', 'ENOSPC', 'EIO', 'EPERM']
  if (/bind|listen|connect/.test(call)) return ['EADDRINUSE', 'EACCES', 'ENOBUFS']
  if (/send|receive|recv/.test(call)) return ['ENOBUFS', 'ENOMEM', 'EIO']
  return ['EIO', 'ENOMEM', 'EPERM']
}

/** Node and libuv answer these faults with abort(3), which no process survives. */
const fatalCalls = /^(epoll_|io_uring_|mmap|munmap|mprotect|brk|clone|futex|eventfd)/

/** Calls of the seam that make no system call: timers, and what the addon notes in memory (uv_poll_start(3) cannot fail). */
const inMemory = /^(timers|native\.(own|disown|want|keepAlive|unwatch)$)/

/**
 * Calls that say nothing of the service: threads that wait for each other, and the end itself. A close(2) that strace answers is not
 * made, while the kernel closes whatever it answers.
 */
const unrelated = /^(close|futex|exit|exit_group|rt_sig\w+|restart_syscall|sched_\w+|getpid|gettid|madvise)$/

/** All of them, or so many, of each name at least one as long as that is possible. */
function chosen<T>(things: readonly T[], count: number, nameOf: (thing: T) => string = String): T[] {
  if (isFull) return [...things]
  const names = sample([...new Set(things.map(nameOf))], count, random)
  return names.flatMap((name) =>
    sample(
      things.filter((thing) => nameOf(thing) === name),
      1,
      random,
    ),
  )
}

async function expectHarmless(
  name: string,
  faults: readonly Fault[],
  options: Record<string, unknown> = {},
  services = 2,
): Promise<void> {
  const report = await runMatrix(faults, () => FaultyService.start(options), { services })
  const { problems, ...counts } = report
  if (isFull)
    console.log(`${name}: ${JSON.stringify(counts)}, ${problems.length} problems`, problems.join('\n'))
  expect(problems.join('\n')).toBe('')
  expect(report.runs).toBe(faults.length)
  expect(report.reached, 'most of the faults happen').toBeGreaterThan(faults.length / 2)
}

async function seamCalls(side: Side): Promise<SeamCall[]> {
  await using service = await FaultyService.start()
  const { problems } = await service.upgradeWith({ side, record: true })
  expect(problems).toEqual([])
  const { calls } = await service.sandbox.event({ type: 'recorded' })
  return calls as SeamCall[]
}

const callOf = ([call]: SeamCall) => call

/** Those up to the report that it serves. A process that hangs later hangs while it serves. How many calls in memory come before differs. */
function beforeServing(calls: readonly SeamCall[]): SeamCall[] {
  return calls
    .slice(
      0,
      calls.findLastIndex(([call]) => call === 'native.send'),
    )
    .filter(([call]) => !inMemory.test(call))
}

describe.runIf(process.platform === 'linux')('an upgrade is harmless', { timeout }, () => {
  test.each<[Side, number]>([
    ['successor', 18],
    ['predecessor', 12],
  ])('whatever call of the %s fails', async (side, count) => {
    const fallible = (await seamCalls(side)).filter(([call]) => !inMemory.test(call))
    const calls = chosen(fallible, count, callOf)
    const faults = calls.flatMap(([call, nth]) => {
      const errnos = errnosOf(call)
      return (isFull ? errnos.slice(0, 2) : errnos.slice(0, 1)).map((action) => ({ side, call, nth, action }))
    })
    await expectHarmless(`seam, ${side}`, faults)
  })

  test('wherever the successor ends, or throws', async () => {
    const calls = await seamCalls('successor')
    const faults = disasters.flatMap((action) =>
      chosen(calls, 2, callOf).map(([call, nth]) => ({ side: 'successor' as const, call, nth, action })),
    )
    await expectHarmless('disasters, successor', faults)
  })

  test('wherever the program of the successor ends, or throws', async () => {
    const all = points.flatMap((point) =>
      disasters.map((action) => ({ side: 'successor' as const, point, action })),
    )
    await expectHarmless(
      'disasters at points, successor',
      chosen(all, points.length, ({ point }) => point),
    )
  })

  test('wherever the successor hangs', async () => {
    const calls = chosen(beforeServing(await seamCalls('successor')), 2, callOf)
    const hanging = [
      ...calls.map(([call, nth]) => ({ side: 'successor' as const, call, nth, action: 'block' })),
      ...chosen(points.slice(0, -1), 2).map((point) => ({
        side: 'successor' as const,
        point,
        action: 'block' as const,
      })),
    ]
    await expectHarmless('hangs, successor', hanging, hasty, 4)
  })

  test('wherever the predecessor ends', async () => {
    const calls = await seamCalls('predecessor')
    const faults = (['exit', 'kill', 'uncaught', 'rejection'] as const).flatMap((action) =>
      chosen(calls, 2, callOf).map(([call, nth]) => ({ side: 'predecessor' as const, call, nth, action })),
    )
    await expectHarmless('disasters, predecessor', faults)
  })

  describe.skipIf(!hasStrace)('whatever the system answers', () => {
    async function systemCalls(side: Side): Promise<SystemCall[]> {
      await using service = await FaultyService.start()
      const { traced, problems } = await service.upgradeWith({ side, strace: ['trace=all'] })
      expect(problems).toEqual([])
      return systemCallsOf(traced).filter(({ name }) => !unrelated.test(name))
    }

    test.each<[Side, number]>([
      ['successor', 16],
      ['predecessor', 12],
    ])('to the %s', async (side, count) => {
      const calls = chosen(await systemCalls(side), count, ({ name }) => name)
      const faults = calls.flatMap(({ name, nth }) => {
        const [errno] = errnosOf(name)
        const injections = [`error=${errno}`, 'signal=KILL']
        const taken = isFull ? injections : sample(injections, 1, random)
        return taken.map((injection) => ({
          side,
          strace: [`trace=${name}`, `inject=${name}:${injection}:when=${nth}`],
          isFatal: fatalCalls.test(name) || injection === 'signal=KILL',
        }))
      })
      await expectHarmless(`strace, ${side}`, faults)
    })
  })
})
