// The cases of https://github.com/mcollina/close-with-grace, in our words. docs/peers-tests.md lists them all.
import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from '../index.ts'

const program = fileURLToPath(new URL('../testing/closes-with-grace.mjs', import.meta.url))

/** Starts the program in a mode, and waits until it listens for signals. */
async function start(mode: string): Promise<TestProcess> {
  const service = TestProcess.node([program, mode])
  await service.printed(/^ready$/m)
  return service
}

const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTRAP', 'SIGABRT', 'SIGUSR2', 'SIGTERM'] as const

test.each(signals)('%s closes gracefully', async (signal) => {
  const coordinator = new ShutdownCoordinator()
  let calls = 0
  coordinator.onDrain('fn', async () => {
    calls += 1
  })
  coordinator.onSignals(signals)
  process.kill(process.pid, signal)
  expect(await coordinator.done).toMatchObject({ reason: signal, clean: true })
  expect(calls).toBe(1)
})

test.each(signals)('%s closes at once when it comes again', async (signal) => {
  const coordinator = new ShutdownCoordinator()
  coordinator.onSignals(signals)
  coordinator.onDrain('fn', async () => {
    process.kill(process.pid, signal)
    await new Promise(() => {})
  })
  process.kill(process.pid, signal)
  expect(await coordinator.done).toMatchObject({ reason: signal, unfinished: [{ name: 'fn' }] })
  expect(coordinator.deadline.reason).toMatchObject({ message: 'requested to end immediately' })
})

describe('a process', () => {
  test('ends with 0 when it has closed gracefully', async () => {
    await using service = await start('closes')
    service.kill('SIGTERM')
    expect(await service.exit).toEqual({ code: 0, signal: null })
    expect(service.stdout).toBe('ready\nfn called: SIGTERM\n')
  })

  test('ends with 1 when a second signal has cut it', async () => {
    await using service = await start('hangs')
    service.kill('SIGTERM')
    await service.printed(/^fn called/m)
    service.kill('SIGTERM')
    expect(await service.exit).toEqual({ code: 1, signal: null })
    expect(service.stdout).toBe('ready\nfn called: SIGTERM\nrequested to end immediately\n')
  })
})

test.each(['SIGILL', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const)(
  '%s is refused: it reports a fault',
  (signal) => {
    expect(() => new ShutdownCoordinator().onSignals([signal])).toThrow(/reports a fault/)
  },
)

test('a function that does not resolve is cut by the timeout, which a listener learns', async () => {
  await using service = await start('hangs, timeout')
  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.stdout).toMatch(/^did not finish within 100 ms$/m)
  expect(service.stderr).toBe('')
})

test.each([
  ['uncaught exception', 'error'],
  ['unhandled rejection', 'error'],
])('an %s closes gracefully, and the status is 1', async (mode) => {
  await using service = TestProcess.node([program, mode])
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.stdout).toBe('ready\nfn called: kaboom\n')
})

test('a program closes itself', async () => {
  await using service = TestProcess.node([program, 'closes itself'])
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout).toMatch(/^fn called: manual$/m)
})

test('a program that has nothing more to do closes', async () => {
  await using service = TestProcess.node([program, 'has nothing to do'])
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout).toBe('ready\nfn called: normal exit\n')
})

test('a registration that was taken back leaves the signal its effect', async () => {
  await using service = await start('uninstalled')
  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: null, signal: 'SIGTERM' })
  expect(service.stdout).toBe('ready\n')
})

test('a signal that is not named is left to the program', async () => {
  await using service = await start('skips SIGTERM')
  service.kill('SIGTERM')
  await service.printed(/^ours$/m)
  expect(service.stdout).toBe('ready\nours\n')
})

test('a function that throws makes the status 1', async () => {
  await using service = await start('throws')
  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: 1, signal: null })
})

test('an error during the shutdown is a second stop, if the program says so', async () => {
  await using service = await start('throws later')
  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.stdout).toMatch(/^requested to end immediately$/m)
})

test('the state reports that it closes, from the first moment', async () => {
  const coordinator = new ShutdownCoordinator()
  expect(coordinator.signal.aborted).toBe(false)
  let during = false
  coordinator.onDrain('fn', async () => {
    during = coordinator.signal.aborted
  })
  await coordinator.shutdown()
  expect(during).toBe(true)
})
