import { pipe } from '@shellflip/fd-passing'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import {
  formatMessage,
  Notifier,
  type NotifyMessage,
  type NotifyOutcome,
  NotifySocket,
  WatchdogPinger,
} from './index.ts'

function codeOf(outcome: NotifyOutcome): string {
  return outcome.type === 'failed' ? outcome.error.code : outcome.type
}

/** Turns of the event loop in which anything that could happen at once would happen. */
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

/** As long as another watchdog takes for so many signs of life. */
async function beats(count: number, intervalMs: number): Promise<void> {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('beats') })
  await using notifier = new Notifier(socket.path)
  using _pinger = new WatchdogPinger(notifier, { intervalMs })
  for await (const _ of socket) if (--count === 0) return
}

describe('outcomes', () => {
  it('returns no-manager if NOTIFY_SOCKET is missing or empty', async () => {
    for (const env of [{}, { NOTIFY_SOCKET: '' }]) {
      await using notifier = Notifier.fromEnvironment({ env })
      const { reader, writer } = pipe()
      using _reader = reader
      using _writer = writer
      expect(notifier.hasManager).toBe(false)
      expect(await notifier.ready()).toEqual({ type: 'no-manager' })
      expect(await notifier.barrier()).toEqual({ type: 'no-manager' })
      expect(await notifier.storeFd('state', writer)).toEqual({ type: 'no-manager' })
    }
  })

  it('leaves the environment alone where it should', () => {
    const env = { NOTIFY_SOCKET: '/run/notify' }
    Notifier.fromEnvironment({ env, consume: false })
    expect(env).toEqual({ NOTIFY_SOCKET: '/run/notify' })
    Notifier.fromEnvironment({ env })
    expect(env).toEqual({})
  })

  it.each(['vsock:2:1234', 'vsock-stream:2:1234', 'relative/path', '/', '@'])(
    'is failed for an address like %s',
    async (address) => {
      await using notifier = new Notifier(address)
      const outcome = await notifier.ready()
      expect(codeOf(outcome)).toBe('ERR_UNSUPPORTED_ADDRESS')
    },
  )

  it('is failed while no manager receives, and sent once one does', async () => {
    using folder = temporaryFolder()
    const path = folder.join('notify')
    await using notifier = new Notifier(path)
    expect(await notifier.ready()).toMatchObject({
      type: 'failed',
      error: { code: 'ERR_SEND_FAILED', message: expect.stringContaining(path) },
    })
    {
      using _first = NotifySocket.open({ path })
      expect(await notifier.ready()).toEqual({ type: 'sent' })
    }
    expect(codeOf(await notifier.ready())).toBe('ERR_SEND_FAILED')
    {
      using _second = NotifySocket.open({ path })
      expect(await notifier.status('two')).toEqual({ type: 'sent' })
    }
    using third = NotifySocket.open({ path })
    // Connected to the second still: the message goes to the third all the same.
    expect(await notifier.status('three')).toEqual({ type: 'sent' })
    const { value } = await third[Symbol.asyncIterator]().next()
    expect(value?.message).toEqual({ status: 'three' })
  })

  it('is failed when the manager takes nothing, and sent again once it does', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path, { sendTimeoutMs: 200 })
    const outcomes = await Promise.all(Array.from({ length: 600 }, (_, i) => notifier.status(`${i}`)))
    const codes = outcomes.map(codeOf)
    const sent = codes.flatMap((code, i) => (code === 'sent' ? [`${i}`] : []))
    expect(new Set(codes)).toEqual(new Set(['sent', 'ERR_SEND_TIMEOUT']))

    const again = waitFor(async () => (await notifier.stopping()).type === 'sent')
    const received: (string | undefined)[] = []
    for await (const { message } of socket) {
      if (message.stopping) break
      received.push(message.status)
    }
    await again
    expect(received).toEqual(sent)
  })

  it('is failed after close', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const notifier = new Notifier(socket.path)
    const waiting = Promise.all(Array.from({ length: 600 }, () => notifier.ready()))
    await turns()
    notifier.close()
    notifier.close()
    expect(codeOf((await waiting).at(-1) as NotifyOutcome)).toBe('ERR_NOTIFIER_CLOSED')
    expect(codeOf(await notifier.ready())).toBe('ERR_NOTIFIER_CLOSED')
    expect(codeOf(await notifier.barrier())).toBe('ERR_NOTIFIER_CLOSED')
  })

  it('throws for what the protocol cannot carry, manager or not', async () => {
    await using notifier = new Notifier(undefined)
    const { reader, writer } = pipe()
    using _reader = reader
    using _writer = writer
    const invalid = { code: 'ERR_INVALID_ARGUMENT' }
    await expect(notifier.mainPid(Number.NaN)).rejects.toMatchObject(invalid)
    await expect(notifier.extendTimeout(-1)).rejects.toMatchObject(invalid)
    await expect(notifier.storeFd('a:b', writer)).rejects.toMatchObject(invalid)
    await expect(notifier.storeFd('n'.repeat(256), writer, { replace: false })).rejects.toMatchObject(invalid)
    await expect(notifier.storeFd('none', [])).rejects.toMatchObject(invalid)
    await expect(notifier.removeFd('')).rejects.toMatchObject(invalid)
    await expect(notifier.send({})).rejects.toMatchObject(invalid)
    await expect(notifier.send({ ready: true }, Array(254).fill(writer))).rejects.toMatchObject(invalid)
  })
})

describe('barrier', () => {
  it('is passed when all that was sent before has been consumed', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path)
    void notifier.status('one')
    void notifier.status('two')
    let passed = false
    const barrier = notifier.barrier().finally(() => {
      passed = true
    })
    void notifier.status('three')

    const notifications = socket[Symbol.asyncIterator]()
    expect((await notifications.next()).value?.message).toEqual({ status: 'one' })
    await turns()
    expect((await notifications.next()).value?.message).toEqual({ status: 'two' })
    await turns()
    expect(passed).toBe(false)
    const third = notifications.next()
    expect(await barrier).toEqual({ type: 'sent' })
    expect((await third).value?.message).toEqual({ status: 'three' })
  })

  it('is failed when the manager does not answer in time', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path)
    expect(codeOf(await notifier.barrier({ timeoutMs: 30 }))).toBe('ERR_BARRIER_TIMEOUT')
  })

  it('is failed in its own time behind messages that the manager does not take', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const notifier = new Notifier(socket.path, { sendTimeoutMs: 600_000 })
    const waiting = Promise.all(Array.from({ length: 600 }, () => notifier.ready()))
    expect(codeOf(await notifier.barrier({ timeoutMs: 30 }))).toBe('ERR_SEND_TIMEOUT')
    notifier.close()
    expect(codeOf((await waiting).at(-1) as NotifyOutcome)).toBe('ERR_NOTIFIER_CLOSED')
  })

  it('is failed when the notifier is closed meanwhile', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    const notifier = new Notifier(socket.path)
    const barrier = notifier.barrier()
    await turns()
    notifier.close()
    expect(codeOf(await barrier)).toBe('ERR_NOTIFIER_CLOSED')
  })

  it('does not delay other messages that are sent with it', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path)
    await notifier.send({ barrier: true, ready: true })
    await notifier.stopping()
    const { value } = await socket[Symbol.asyncIterator]().next()
    expect(value && formatMessage(value.message)).toBe('STOPPING=1')
  })
})

describe('WatchdogPinger', () => {
  it('gives signs of life until it is closed', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using notifier = new Notifier(socket.path)
    const env = { WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) }
    const started = performance.now()
    const pinger = WatchdogPinger.fromEnvironment(notifier, { env })
    expect(env).toEqual({})
    const messages = socket[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) expect((await messages.next()).value?.message).toEqual({ watchdog: 'ping' })
    // The first at once, then every 20 ms.
    expect(performance.now() - started).toBeGreaterThan(50)
    pinger?.close()

    await notifier.status('closed')
    await beats(4, 40)
    await notifier.stopping()
    // A sign of life that was under way at the close comes before what was said after it.
    const rest: NotifyMessage[] = []
    for await (const { message } of socket) if (rest.push(message) && message.stopping) break
    expect(rest.filter(({ watchdog }) => watchdog === undefined)).toHaveLength(2)
    expect(rest.slice(-2)).toEqual([{ status: 'closed' }, { stopping: true }])
  })

  it('ends with its notifier', async () => {
    const notifier = new Notifier('/run/notify')
    const ping = vi.spyOn(notifier, 'ping')
    using _pinger = new WatchdogPinger(notifier, { intervalMs: 40 })
    notifier.close()
    await beats(4, 40)
    expect(ping).toHaveBeenCalledTimes(1)
  })

  it('does not start if the manager does not request it', async () => {
    await using notifier = new Notifier('/run/notify')
    await using nobody = new Notifier(undefined)
    expect(WatchdogPinger.fromEnvironment(notifier, { env: {} })).toBeUndefined()
    expect(
      WatchdogPinger.fromEnvironment(notifier, { env: { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' } }),
    ).toBeUndefined()
    expect(WatchdogPinger.fromEnvironment(nobody, { env: { WATCHDOG_USEC: '1000' } })).toBeUndefined()
    expect(() => new WatchdogPinger(notifier, { intervalMs: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
  })
})
