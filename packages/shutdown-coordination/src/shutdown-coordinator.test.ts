import { describe, expect, test } from 'vitest'
import { ShutdownCoordinationError, ShutdownCoordinator } from './index.ts'

describe('tasks', () => {
  test('hold the shutdown up until the last one is done', async () => {
    const coordinator = new ShutdownCoordinator()
    const first = coordinator.task('first')
    const second = coordinator.task('second')
    let isOver = false
    const done = coordinator.shutdown({ reason: 'test' }).then((report) => {
      isOver = true
      return report
    })
    first.done()
    first.done()
    await new Promise(setImmediate)
    expect(isOver).toBe(false)
    second.done()
    expect(await done).toMatchObject({ reason: 'test', clean: true, unfinished: [], failed: [], servers: [] })
  })

  test('are done at the end of their scope', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 0 })
    {
      using _task = coordinator.task('scoped')
    }
    expect(await coordinator.shutdown()).toMatchObject({ clean: true })
  })

  test('delay the end of a coordinator at the end of its scope', async () => {
    const coordinator = new ShutdownCoordinator()
    const task = coordinator.task('task')
    setImmediate(() => task.done())
    {
      await using _scoped = coordinator
    }
    expect(await coordinator.done).toMatchObject({ reason: 'shutdown', clean: true })
  })

  test('get the signal once, with a reason that is an error', () => {
    const coordinator = new ShutdownCoordinator()
    const task = coordinator.task('task')
    const reasons: unknown[] = []
    task.signal.addEventListener('abort', () => reasons.push(task.signal.reason))
    void coordinator.shutdown({ reason: 'SIGTERM' })
    void coordinator.shutdown({ reason: 'again' })
    task.done()
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toBeInstanceOf(ShutdownCoordinationError)
    expect(reasons[0]).toMatchObject({ code: 'ERR_SHUTTING_DOWN', message: 'shutting down: SIGTERM' })
  })

  test('that are weak delay nothing and do not make the report unclean', async () => {
    const coordinator = new ShutdownCoordinator()
    const weak = coordinator.task('ticker', { weak: true })
    const report = await coordinator.shutdown()
    expect(weak.signal.aborted).toBe(true)
    expect(report).toMatchObject({ clean: true, unfinished: [{ name: 'ticker', weak: true }] })
  })

  test('that begin during the shutdown are waited for as well', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 5 })
    using _first = coordinator.task('first')
    const done = coordinator.shutdown()
    using late = coordinator.task('late')
    expect(late.signal.aborted).toBe(true)
    expect((await done).unfinished.map(({ name }) => name)).toEqual(['first', 'late'])
  })

  test('may be thousands, each with a listener, without a warning of a leak', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const coordinator = new ShutdownCoordinator()
    for (let n = 0; n < 1_000; n++) coordinator.task(`${n}`).signal.addEventListener('abort', () => {})
    await new Promise(setImmediate)
    process.removeListener('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

describe('the deadline', () => {
  test('ends the wait and names what was still running', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 5 })
    using _task = coordinator.task('stuck')
    coordinator.onDrain('queue', () => new Promise(() => {}))
    const report = await coordinator.shutdown()
    expect(report.clean).toBe(false)
    expect(report.unfinished).toEqual([
      { name: 'stuck', weak: false },
      { name: 'queue', weak: false },
    ])
    expect(report.elapsedMs).toBeGreaterThanOrEqual(4)
    expect(coordinator.deadline.reason).toMatchObject({
      code: 'ERR_DEADLINE',
      message: 'did not finish within 5 ms',
    })
  })

  test('of one shutdown replaces that of the coordinator', async () => {
    const coordinator = new ShutdownCoordinator()
    using _task = coordinator.task('stuck')
    expect(await coordinator.shutdown({ drainTimeoutMs: 1 })).toMatchObject({ clean: false })
  })

  test.each([-1, Number.NaN, 2 ** 31])('of %s ms is refused', (drainTimeoutMs) => {
    expect(() => new ShutdownCoordinator({ drainTimeoutMs })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
  })

  test('does not abort after a shutdown that was over before', async () => {
    const coordinator = new ShutdownCoordinator()
    await coordinator.shutdown()
    await coordinator.shutdownNow()
    expect(coordinator.deadline.aborted).toBe(false)
  })
})

describe('shutdown', () => {
  test('twice is one shutdown', () => {
    const coordinator = new ShutdownCoordinator()
    expect(coordinator.shutdown()).toBe(coordinator.shutdown())
    expect(coordinator.shutdown()).toBe(coordinator.done)
  })

  test('now ends one that is under way', async () => {
    const coordinator = new ShutdownCoordinator()
    using _task = coordinator.task('stuck')
    void coordinator.shutdown({ reason: 'first' })
    expect(await coordinator.shutdownNow({ reason: 'second' })).toMatchObject({
      reason: 'first',
      unfinished: [{ name: 'stuck' }],
    })
  })

  test('now ends one that a listener of its beginning cuts', async () => {
    const coordinator = new ShutdownCoordinator()
    coordinator.onDrain('stuck', () => new Promise(() => {}))
    coordinator.signal.addEventListener('abort', () => void coordinator.shutdownNow())
    expect(await coordinator.shutdown()).toMatchObject({ clean: false, unfinished: [{ name: 'stuck' }] })
  })

  test('now is a shutdown of its own where there was none', async () => {
    const coordinator = new ShutdownCoordinator()
    using _task = coordinator.task('stuck')
    expect(await coordinator.shutdownNow({ reason: 'crash' })).toMatchObject({
      reason: 'crash',
      clean: false,
    })
  })
})

describe('drains', () => {
  test('run once, are waited for, and learn the deadline', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 5 })
    const reasons: unknown[] = []
    coordinator.onDrain('pool', {
      drain: ({ signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(void reasons.push(signal.reason.code)))
        }),
    })
    await coordinator.shutdown()
    expect(reasons).toEqual(['ERR_DEADLINE'])
  })

  test('that fail are reported, and stop nothing else', async () => {
    const coordinator = new ShutdownCoordinator()
    const broken = new Error('broken')
    const order: string[] = []
    coordinator.onDrain('throws', () => {
      throw broken
    })
    coordinator.onDrain('works', async () => order.push('works'))
    const report = await coordinator.shutdown()
    expect(report).toMatchObject({
      clean: false,
      failed: [{ name: 'throws', error: broken }],
      unfinished: [],
    })
    expect(order).toEqual(['works'])
  })

  test('that were taken back do not run', async () => {
    const coordinator = new ShutdownCoordinator()
    let ran = 0
    coordinator.onDrain('gone', async () => ran++)[Symbol.dispose]()
    await coordinator.shutdown()
    expect(ran).toBe(0)
  })

  test('registered while the signal aborts run once', async () => {
    const coordinator = new ShutdownCoordinator()
    let ran = 0
    coordinator.signal.addEventListener('abort', () => coordinator.onDrain('late', async () => ran++))
    await coordinator.shutdown()
    expect(ran).toBe(1)
  })

  test('registered during the shutdown run at once', async () => {
    const coordinator = new ShutdownCoordinator()
    const task = coordinator.task('task')
    const done = coordinator.shutdown()
    let ran = 0
    coordinator.onDrain('late', async () => ran++)
    task.done()
    await done
    expect(ran).toBe(1)
  })
})
