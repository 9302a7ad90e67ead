// The cases of https://github.com/gajus/lightship, in our words. docs/peers-tests.md lists them all.
import { expect, test } from 'vitest'
import { ShutdownCoordinator } from '../index.ts'
import { createServer, serving } from './request.ts'

/**
 * createLightship({ shutdownDelay, signals }): a beacon is a task, and a shutdown handler is a drain that waits for the
 * tasks, for the server, and for the handler before it.
 */
function lightship({ drainTimeoutMs = 20_000 } = {}) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  let last: string | undefined
  return {
    coordinator,
    createBeacon: () => coordinator.task('beacon'),
    isServerShuttingDown: () => coordinator.signal.aborted,
    registerShutdownHandler: (name: string, handler: () => Promise<unknown>) => {
      coordinator.onDrain(name, handler, { after: ['tasks', 'servers', ...(last ? [last] : [])] })
      last = name
    },
    shutdown: () => coordinator.shutdown(),
  }
}

/** A handler that counts its calls, and ends when the test says so. */
function handlerMock() {
  let calls = 0
  let finish = () => {}
  const over = new Promise<void>((resolve) => {
    finish = resolve
  })
  const handler = () => {
    calls += 1
    return over
  }
  return { handler, calls: () => calls, finish }
}

const turn = () => new Promise(setImmediate)

test('shutdown() changes the state at once', async () => {
  const { isServerShuttingDown, shutdown } = lightship()
  expect(isServerShuttingDown()).toBe(false)
  const done = shutdown()
  expect(isServerShuttingDown()).toBe(true)
  await done
})

test('a signal changes the state at once', async () => {
  const { coordinator, isServerShuttingDown } = lightship()
  coordinator.onSignals(['SIGUSR2'])
  process.emit('SIGUSR2', 'SIGUSR2')
  expect(isServerShuttingDown()).toBe(true)
  expect(await coordinator.done).toMatchObject({ reason: 'SIGUSR2' })
})

test('an error of one handler does not keep the next one from running', async () => {
  const { registerShutdownHandler, shutdown } = lightship()
  const [second, error] = [handlerMock(), new Error('test')]
  let calls = 0
  registerShutdownHandler('first', async () => {
    calls += 1
    throw error
  })
  registerShutdownHandler('second', second.handler)
  const done = shutdown()
  await turn()
  second.finish()
  expect(await done).toMatchObject({ failed: [{ name: 'first', error }] })
  expect([calls, second.calls()]).toEqual([1, 1])
})

test('shutdown() several times calls each handler once', async () => {
  const { registerShutdownHandler, shutdown } = lightship()
  const { handler, calls, finish } = handlerMock()
  registerShutdownHandler('handler', handler)
  expect(calls()).toBe(0)
  void shutdown()
  expect(calls()).toBe(1)
  const done = shutdown()
  expect(calls()).toBe(1)
  finish()
  await done
})

test('a live beacon suspends the handlers', async () => {
  const { createBeacon, registerShutdownHandler, shutdown } = lightship()
  const { handler, calls, finish } = handlerMock()
  registerShutdownHandler('handler', handler)
  const beacon = createBeacon()
  const done = shutdown()
  await turn()
  expect(calls()).toBe(0)
  beacon.done()
  expect(calls()).toBe(1)
  finish()
  expect(await done).toMatchObject({ clean: true })
})

test('a delay lets the load balancer notice, and delays the handlers', async () => {
  const { coordinator, registerShutdownHandler, shutdown } = lightship()
  const server = createServer('http', (_request, response) => response.end('still here'))
  coordinator.watch(server, { keepAcceptingMs: 200, lingerMs: 0 })
  using service = await serving(server)
  const { handler, calls, finish } = handlerMock()
  registerShutdownHandler('handler', handler)
  finish()
  const done = shutdown()
  expect(await service.request()).toMatchObject({ body: 'still here' })
  expect(calls()).toBe(0)
  const { elapsedMs } = await done
  expect(calls()).toBe(1)
  expect(elapsedMs).toBeGreaterThanOrEqual(199)
})

test('an error of the start can cause a shutdown', async () => {
  const { coordinator, isServerShuttingDown } = lightship()
  const start = Promise.reject(new Error('no database'))
  await start.catch((error: Error) => coordinator.shutdown({ reason: error.message }))
  expect(isServerShuttingDown()).toBe(true)
  expect(await coordinator.done).toMatchObject({ reason: 'no database' })
})
