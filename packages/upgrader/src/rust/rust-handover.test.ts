import { EventEmitter, once } from 'node:events'
import { listenTcp, type OwnedFd, pipe, socketpair, UnixSocket } from '@shellflip/fd-passing'
import type { GiveOptions, HandoverOffer, OfferedState } from '@shellflip/handover'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { openFds } from '@shellflip/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { AnyFlipOptions } from '../flip-options.ts'
import { RustHandover } from './rust-handover.ts'

// One test lets the system refuse a pair.
vi.mock('@shellflip/fd-passing', async (original) => {
  const actual = await original<typeof import('@shellflip/fd-passing')>()
  return { ...actual, socketpair: vi.fn(actual.socketpair) }
})

const Count = defineState({ name: 'count', version: 1, schema: z.int() })
const Counts = defineStateStream({ name: 'counts', version: 1, schema: z.int() })
const count: OfferedState<unknown> = { definition: Count, value: 41 } as OfferedState<unknown>

const open: { close(): void }[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const one of open.splice(0)) one.close()
})

/** A handover, and the ends that a successor inherits. */
function begun({
  state,
  sockets = [],
  toRust,
}: Partial<Pick<HandoverOffer<unknown>, 'state' | 'sockets'>> & Pick<AnyFlipOptions, 'toRust'> = {}) {
  const handover = new RustHandover({ version: '1', sockets, ...(state && { state }) }, toRust)
  const end = (variable: string) => {
    const fd = handover.passed.find((one) => one.variable === variable)?.fd as OwnedFd
    return fd.dup()
  }
  const [notify, bytes] = [end('OXY_NOTIFY_SOCKET'), end('OXY_HANDOVER_PIPE')].map((fd) =>
    UnixSocket.adopt(fd),
  )
  if (notify === undefined || bytes === undefined) throw new Error('a descriptor is missing')
  handover.closePassed()
  open.push(handover, notify, bytes)
  const given = (options: GiveOptions = {}) => handover.give({ readyTimeoutMs: 20_000, ...options })
  return { handover, notify, bytes, given }
}

async function received(socket: UnixSocket): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const { data } of socket) parts.push(data)
  return Buffer.concat(parts)
}

describe('a handover to a service of the Rust crate', () => {
  test('commits by one byte, and names the process that wrote it', async () => {
    const { notify, given } = begun()
    const met: number[] = []
    const outcome = given({ onHello: ({ pid }) => met.push(pid) })
    await notify.send('1')
    const { pid } = process
    expect(await outcome).toMatchObject({ type: 'committed', successor: { pid } })
    expect(met).toEqual([pid])
  })

  test.each<[string, AnyFlipOptions['toRust'], string]>([
    ['a string', (value: number) => `${value}`, '41'],
    ['bytes', (value: number) => Buffer.from([0x29, value]), '))'],
    ['chunks', (value: number) => [`${value}`, Buffer.of(), Buffer.from('!')], '41!'],
    [
      'chunks that come later',
      async function* (value: number) {
        yield `${value}`
      },
      '41',
    ],
  ])('writes the bytes of the application: %s', async (_, toRust, expected) => {
    const { notify, bytes, given } = begun({ state: count, toRust: toRust as AnyFlipOptions['toRust'] })
    const outcome = given()
    expect((await received(bytes)).toString('latin1')).toBe(expected)
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test('writes the state as it is defined, if nothing else is said', async () => {
    const { notify, bytes, given } = begun({ state: count })
    const outcome = given()
    expect(await Count.decode([await received(bytes)])).toBe(41)
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test('gives the items of a stream as they come', async () => {
    const state = { definition: Counts, items: [1, 2, 3] } as OfferedState<unknown>
    async function* toRust(items: Iterable<number>) {
      for await (const item of items) yield `${item};`
    }
    const { notify, bytes, given } = begun({ state, toRust: toRust as AnyFlipOptions['toRust'] })
    const outcome = given()
    expect(`${await received(bytes)}`).toBe('1;2;3;')
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test('only ends the pipe without a state', async () => {
    const { bytes, given } = begun()
    void given()
    expect(await received(bytes)).toHaveLength(0)
  })

  test('commits too if the successor wants no more of its state', async () => {
    const { notify, bytes, given } = begun({ state: count, toRust: () => Buffer.alloc(10_000_000) })
    const outcome = given()
    await bytes.receive()
    bytes.close()
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test('commits though 8 MiB of state are unread', async () => {
    const { notify, given } = begun({ state: count, toRust: () => Buffer.alloc(8 * 1024 * 1024) })
    const outcome = given({ readyTimeoutMs: 5_000 })
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test('commits though toRust throws after the byte', async () => {
    const failing = new EventEmitter()
    async function* toRust() {
      yield '4'
      await once(failing, 'now')
    }
    const { notify, bytes, given } = begun({ state: count, toRust })
    const outcome = given()
    await bytes.receive()
    void notify.send('1')
    failing.emit('error', new Error('no more bytes today'))
    expect(await outcome).toMatchObject({ type: 'committed' })
  })

  test.each(['queued', 'heard'])('commits by a byte that is %s when the time is over', async (place) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
    const { notify, given } = begun()
    const passTime = () => vi.advanceTimersByTime(10_000)
    const outcome = given({ readyTimeoutMs: 1_000, ...(place === 'heard' && { onHello: passTime }) })
    void notify.send('1')
    if (place === 'queued') passTime()
    expect(await outcome).toMatchObject({ type: 'committed' })
  })
})

describe('a handover to a service of the Rust crate fails', () => {
  test('if it closes the pipe without the byte', async () => {
    const { notify, given } = begun()
    const outcome = given()
    notify.close()
    expect(await outcome).toMatchObject({ type: 'failed', failure: { type: 'gone' } })
  })

  test('if it writes something else', async () => {
    const { notify, given } = begun()
    const outcome = given()
    await notify.send('no')
    expect(await outcome).toMatchObject({
      type: 'failed',
      failure: { type: 'protocol', error: { message: 'the successor wrote "no" where "1" is expected' } },
    })
  })

  test.each<[string, AnyFlipOptions['toRust'], string]>([
    ['that has everything', () => '41', 'given'],
    ['that does not read', () => Buffer.alloc(10_000_000), 'state'],
  ])('if it is not ready in time: one %s', async (_, toRust, reached) => {
    const { given } = begun({ state: count, toRust })
    const failure = { type: 'not-ready', timeoutMs: 50, reached }
    expect(await given({ readyTimeoutMs: 50 })).toMatchObject({ type: 'failed', failure })
  })

  test.each<[string, AnyFlipOptions['toRust'], RegExp]>([
    [
      'toRust throws',
      () => {
        throw new Error('no bytes today')
      },
      /^no bytes today$/,
    ],
    ['a chunk is not bytes', () => [7 as never], /^toRust must yield .*, not 7\.$/],
    ['toRust returns nothing', (() => undefined) as never, /^toRust must return .*, not undefined\.$/],
  ])('if %s', async (_, toRust, message) => {
    const { given } = begun({ state: count, toRust })
    const outcome = await given()
    expect(outcome).toMatchObject({ type: 'failed', failure: { type: 'state' } })
    expect(outcome).toMatchObject({ failure: { error: { message: expect.stringMatching(message) } } })
  })

  test('if it is aborted, and the successor can no longer report ready', async () => {
    const stop = new AbortController()
    const { notify, given } = begun({ state: count, toRust: () => Buffer.alloc(10_000_000) })
    const outcome = given({ signal: stop.signal })
    stop.abort()
    expect(await outcome).toMatchObject({ type: 'failed', failure: { type: 'aborted' } })
    await expect(notify.send('1')).rejects.toMatchObject({ errno: 'EPIPE' })
  })

  test('if the successor dies with its byte', async () => {
    const death = new AbortController()
    const { notify, given } = begun()
    const outcome = given({ signal: death.signal, onHello: () => setImmediate(() => death.abort()) })
    await notify.send('1')
    expect(await outcome).toMatchObject({ type: 'failed', failure: { type: 'aborted' } })
  })
})

test.runIf(process.platform === 'linux')('it keeps no pair if the system refuses the second one', () => {
  const { size } = openFds()
  const refused = new Error('EMFILE')
  const open = vi.mocked(socketpair).getMockImplementation() as typeof socketpair
  vi.mocked(socketpair)
    .mockImplementationOnce(open)
    .mockImplementationOnce(() => {
      throw refused
    })
  expect(() => new RustHandover({ version: '1', sockets: [] }, undefined)).toThrow(refused)
  expect(openFds().size).toBe(size)
})

test('it passes what a service of the crate can use, listeners first, with names of sd_listen_fds(3)', () => {
  const { reader, writer } = pipe()
  const listener = listenTcp({ host: '127.0.0.1', port: 0 })
  const sockets = [
    { name: 'listen:tcp://*:80', fd: listener },
    { name: 'draining:4711', fd: reader },
    { name: 'shellflip-control', fd: listener },
    { name: 'fd:inotify', fd: writer },
    { name: 'activated:web', fd: listener },
  ]
  const handover = new RustHandover({ version: '1', sockets }, undefined)
  expect(handover.variables).toEqual({
    LISTEN_PID: 'auto',
    LISTEN_FDS: '3',
    LISTEN_FDNAMES: 'listen%3Atcp%3A//*%3A80:fd%3Ainotify:web',
  })
  expect(handover.passed.map(({ variable }) => variable)).toEqual([
    undefined,
    undefined,
    undefined,
    'OXY_NOTIFY_SOCKET',
    'OXY_HANDOVER_PIPE',
    'OXY_RESTART_SOCKET',
  ])
  expect(handover.passed.slice(0, 3).map(({ fd }) => fd)).toEqual([listener, writer, listener])
  handover.closePassed()
  handover.close()
  for (const fd of [listener, reader, writer]) fd.close()
})
