import { createRequire } from 'node:module'
import { type TestProcess, temporaryFolder } from '@shellflip/testing'
import type * as original from 'sd-notify'
import { describe, expect, test } from 'vitest'
import * as compat from './compat.ts'
import { NotifySocket } from './index.ts'
import { startService } from './testing/service-process.ts'

const importCompat = `import * as sd from '@shellflip/sd-notify/compat'\n`

/** Runs code that sends to a notify socket, and returns what arrived before its STOPPING=1. */
async function messagesOf(code: string, env: NodeJS.ProcessEnv = {}) {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  await using service = startService(code, { env: { NOTIFY_SOCKET: socket.path, ...env } })
  const messages = []
  for await (const { message, sender } of socket) {
    if (message.stopping) break
    expect(sender?.pid).toBe(service.pid)
    messages.push(message)
  }
  return { messages, exit: await service.exit }
}

const ended = { code: 0, signal: null }

async function printedBy(service: TestProcess): Promise<unknown> {
  expect(await service.exit).toEqual(ended)
  return JSON.parse(service.stdout)
}

/** DefinitelyTyped's journalPrint takes no level, which the addon reads. */
type Original = Omit<typeof original, 'default' | 'journalPrint'>

test('has the functions and the types of the npm package', () => {
  const functions: Original = compat.default
  const named: Original = compat
  expect(Object.keys(named)).toEqual(expect.arrayContaining(Object.keys(functions)))
})

test('sends at once, so that the process may exit next', async () => {
  const { messages, exit } = await messagesOf(`${importCompat}
    sd.sendStatus('Serving')
    sd.ready()
    sd.watchdog()
    sd.sendState('X_SHARD=3\\nMAINPID=42')
    sd.sendState('X_CUT=1\\0X_LOST=1')
    sd.stopping(process.pid)
    process.exit()
  `)
  expect(messages).toEqual([
    { status: 'Serving' },
    { ready: true },
    { watchdog: 'ping' },
    { custom: { X_SHARD: '3' }, mainPid: 42 },
    { custom: { X_CUT: '1' } },
  ])
  expect(exit).toEqual(ended)
})

test('is what require() and a default import return', async () => {
  const { messages } = await messagesOf(`
    import { createRequire } from 'node:module'
    import imported from '@shellflip/sd-notify/compat'
    const required = createRequire(import.meta.url)('@shellflip/sd-notify/compat')
    required.ready()
    imported.sendStatus('by default')
    required.stopping()
  `)
  expect(messages).toEqual([{ ready: true }, { status: 'by default' }])
  expect(createRequire(import.meta.url).resolve('@shellflip/sd-notify/compat')).toMatch(/dist\/compat\.js$/)
})

test('gives signs of life until they are stopped, and keeps NOTIFY_SOCKET for later calls', async () => {
  const { messages, exit } = await messagesOf(`${importCompat}
    sd.startWatchdogMode(1)
    sd.startWatchdogMode(5)
    setTimeout(() => {
      sd.stopWatchdogMode()
      sd.stopWatchdogMode()
      sd.stopping()
    }, 100)
  `)
  expect(messages.length).toBeGreaterThan(2)
  expect(messages.length).toBeLessThan(50)
  expect(new Set(messages.map((message) => JSON.stringify(message)))).toEqual(
    new Set(['{"watchdog":"ping"}']),
  )
  expect(exit).toEqual(ended)
})

test('returns nothing and fails silently without a manager', async () => {
  using folder = temporaryFolder()
  const code = `${importCompat}
    const returned = [sd.ready(), sd.stopping(), sd.watchdog(), sd.sendState('READY=1'), sd.sendStatus('x'),
      sd.startWatchdogMode(), sd.stopWatchdogMode(), sd.journalPrint(7, 'x'), sd.log.debug('x')]
    console.log(JSON.stringify([returned.every((value) => value === undefined), sd.watchdogInterval()]))
  `
  for (const address of ['', 'relative', 'vsock:2:1', folder.join('nothing')]) {
    await using service = startService(code, { env: { NOTIFY_SOCKET: address } })
    expect(await printedBy(service)).toEqual([true, 0])
    expect(service.stderr).toBe('')
  }
})

test('does not block while the queue of the manager is full', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  await using service = startService(
    `${importCompat}
    for (let count = 0; count < 2000; count++) sd.watchdog()
    console.log('true')
    process.exit()
    `,
    { env: { NOTIFY_SOCKET: socket.path } },
  )
  expect(await printedBy(service)).toBe(true)
})

describe('watchdogInterval()', () => {
  test.each([
    [{}, 0],
    [{ WATCHDOG_USEC: '3000000' }, 3000],
    [{ WATCHDOG_USEC: '1999' }, 1],
    [{ WATCHDOG_USEC: '0' }, 0],
    [{ WATCHDOG_USEC: 'often' }, 0],
    [{ WATCHDOG_USEC: '18446744073709551615' }, 0],
    [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' }, 0],
    [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: 'me' }, 0],
    [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: String(process.pid) }, 3000],
  ])('with %o is %i', (variables, milliseconds) => {
    const { WATCHDOG_USEC, WATCHDOG_PID } = process.env
    try {
      for (const name of ['WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name]
      Object.assign(process.env, variables)
      expect(compat.watchdogInterval()).toBe(milliseconds)
    } finally {
      for (const [name, value] of Object.entries({ WATCHDOG_USEC, WATCHDOG_PID })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  })
})
