// The cases of https://github.com/sebhildebrandt/http-graceful-shutdown, in our words. docs/peers-tests.md lists them all.
import type { RequestListener, ServerResponse } from 'node:http'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { ShutdownCoordinator, type ShutdownReport } from '../index.ts'
import { createServer, serving } from './request.ts'

type Hooks = {
  timeoutMs?: number
  preShutdown?: () => Promise<void>
  onShutdown?: () => Promise<void>
  finally?: (reason: string) => void
}

/** gracefulShutdown(server, hooks): preShutdown, then the server drains, then onShutdown, then finally. */
async function start(handler: RequestListener, hooks: Hooks = {}) {
  const server = createServer('http', handler)
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs: hooks.timeoutMs ?? 20_000 })
  coordinator.watch(server, { lingerMs: 0 })
  const { onShutdown } = hooks
  if (onShutdown) coordinator.onDrain('onShutdown', onShutdown, { after: 'servers' })
  const shutdown = async (): Promise<ShutdownReport> => {
    await hooks.preShutdown?.()
    const report = await coordinator.shutdown({ reason: 'manual' })
    hooks.finally?.(report.reason)
    return report
  }
  return { shutdown, ...(await serving(server)) }
}

test('waits for the request in flight, runs the hooks in order, and accepts nothing afterwards', async () => {
  const events: string[] = []
  const held: ServerResponse[] = []
  using service = await start((_request, response) => held.push(response), {
    preShutdown: async () => void events.push('preShutdown'),
    onShutdown: async () => void events.push('onShutdown'),
    finally: (reason) => events.push(`finally: ${reason}`),
  })
  const answer = service.request({ keepAlive: true })
  const response = await waitFor(() => held[0])
  const done = service.shutdown()
  await new Promise(setImmediate)
  expect(events).toEqual(['preShutdown'])
  response.end('ok')
  expect(await answer).toMatchObject({ body: 'ok', headers: { connection: 'close' } })
  await done
  expect(events).toEqual(['preShutdown', 'onShutdown', 'finally: manual'])
  await expect(service.request()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('cuts hanging connections after the timeout, and runs onShutdown all the same', async () => {
  let asked = 0
  let ran = 0
  using service = await start(
    () => {
      asked += 1
    },
    {
      timeoutMs: 100,
      onShutdown: async () => {
        ran += 1
      },
    },
  )
  const cut = expect(service.request()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await waitFor(() => asked === 1)
  expect(await service.shutdown()).toMatchObject({
    unfinished: [],
    servers: [{ cut: [{ type: 'request' }] }],
  })
  expect(ran).toBe(1)
  await cut
})

test('runs finally, and reports the error when onShutdown fails', async () => {
  const boom = new Error('boom')
  const reasons: string[] = []
  using service = await start((_request, response) => response.end('ok'), {
    onShutdown: () => Promise.reject(boom),
    finally: (reason) => reasons.push(reason),
  })
  expect(await service.shutdown()).toMatchObject({ failed: [{ name: 'onShutdown', error: boom }] })
  expect(reasons).toEqual(['manual'])
})

test('makes calls at the same time share one run', async () => {
  let ran = 0
  using service = await start((_request, response) => response.end('ok'), {
    onShutdown: async () => {
      ran += 1
    },
  })
  await Promise.all([service.shutdown(), service.shutdown()])
  expect(ran).toBe(1)
})

test.each(['SIGKILL', 'SIGSTOP'] as const)('refuses %s, which cannot be caught', (signal) => {
  expect(() => new ShutdownCoordinator().onSignals([signal])).toThrow(/can catch/)
})

test('closes idle connections at once', async () => {
  using service = await start((_request, response) => response.end('ok'))
  await service.request({ keepAlive: true })
  const { elapsedMs } = await service.shutdown()
  expect(elapsedMs).toBeLessThan(2_000)
  await expect(service.request()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
