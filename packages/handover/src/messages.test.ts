import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HandoverError } from './handover-error.ts'
import { decodeHello, decodeManifest, decodeReason, encodeMessage, encodeReason } from './messages.ts'

const hello = { protocol: 1, pid: 42, accepts: { sessions: 2 } } as const
const manifest = {
  predecessor: { pid: 42, version: '1.2.3' },
  sockets: [
    { name: 'http', address: { family: 'IPv4', address: '127.0.0.1', port: 80 } },
    { name: 'admin', address: { family: 'unix', path: '/run/app.sock' } },
    { name: 'log', address: null },
  ],
  lock: true,
  state: { name: 'sessions', version: 2 },
} as const

const encode = (message: unknown) => Buffer.from(JSON.stringify(message))

const refusal = (message: string) =>
  expect.objectContaining({ code: 'ERR_PROTOCOL', message: expect.stringContaining(message) })

test('what is encoded is what is decoded', () => {
  expect(decodeHello(encodeMessage(hello))).toEqual(hello)
  expect(decodeManifest(encodeMessage(manifest))).toEqual(manifest)
  expect(decodeManifest(encodeMessage({ ...manifest, state: null })).state).toBeNull()
})

test('fields of a later release are let be', () => {
  expect(decodeHello(encode({ ...hello, more: 1 }))).toEqual(hello)
})

describe('a hello is refused', () => {
  test.each([
    [{ ...hello, protocol: 2 }, 'it speaks version 2'],
    [{ ...hello, protocol: undefined }, 'it speaks version undefined'],
    [{ ...hello, pid: '42' }, '"pid"'],
    [{ ...hello, pid: 0 }, '"pid"'],
    [{ ...hello, accepts: [] }, '"accepts"'],
    [{ ...hello, accepts: { sessions: 1.5 } }, '"accepts.sessions"'],
    [null, '"hello"'],
  ])('%j', (message, told) => {
    expect(() => decodeHello(encode(message))).toThrow(refusal(told))
  })
})

describe('a manifest is refused', () => {
  test.each([
    [{ ...manifest, predecessor: 42 }, '"predecessor"'],
    [{ ...manifest, predecessor: { pid: 42 } }, '"predecessor.version"'],
    [{ ...manifest, sockets: {} }, '"sockets"'],
    [{ ...manifest, sockets: [{ address: null }] }, '"sockets[0].name"'],
    [{ ...manifest, sockets: [{ name: 'x' }] }, '"sockets[0].address"'],
    [{ ...manifest, sockets: [{ name: 'x', address: { family: 'IPX' } }] }, '"sockets[0].address.family"'],
    [
      { ...manifest, sockets: [{ name: 'x', address: { family: 'IPv4', address: '::', port: -1 } }] },
      '"sockets[0].address.port"',
    ],
    [{ ...manifest, lock: 1 }, '"lock"'],
    [{ ...manifest, state: undefined }, '"state"'],
    [{ ...manifest, state: { name: 'x', version: 0 } }, '"state.version"'],
  ])('%j', (message, told) => {
    expect(() => decodeManifest(encode(message))).toThrow(refusal(told))
  })
})

test('any bytes, and any JSON, are a message or a typed error', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array(), fc.json()).map((bytes) => Buffer.from(bytes as string)),
      (payload) => {
        for (const decode of [decodeHello, decodeManifest]) {
          try {
            decode(payload)
          } catch (error) {
            expect(error).toBeInstanceOf(HandoverError)
          }
        }
      },
    ),
  )
})

test('a reason is text of a bounded length, without what a terminal would obey', () => {
  expect(decodeReason(encodeReason('no\nroom \x1b[2J\x9b1m \u202eleft'))).toBe(
    'no room \\x1b[2J\\u009b1m \\u202eleft',
  )
  expect(decodeReason(encodeReason('x'.repeat(100_000)))).toHaveLength(4_000)
})
