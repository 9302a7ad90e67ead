import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame, FrameDecoder, kinds } from './frame.ts'
import { HandoverError } from './handover-error.ts'

const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constantFrom('hello', 'state', 'refused' as const),
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fdCount: fc.constant(0),
  }),
  fc.record({
    type: fc.constant('manifest' as const),
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fdCount: fc.nat(4096),
  }),
  fc.record({
    type: fc.constantFrom('stateEnd', 'ready', 'commit', 'serving' as const),
    payload: fc.constant(Buffer.alloc(0)),
    fdCount: fc.constant(0),
  }),
)

/** The bytes, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
}

const head = (length: number, code: number, fdCount: number) => {
  const bytes = Buffer.alloc(7)
  bytes.writeUInt32BE(length)
  bytes.writeUInt8(code, 4)
  bytes.writeUInt16BE(fdCount, 5)
  return bytes
}

const protocolError = (message: string) =>
  expect.objectContaining({ code: 'ERR_PROTOCOL', message: expect.stringContaining(message) })

test('the bytes of a frame are length, kind, number of descriptors, payload', () => {
  const frame = encodeFrame({ type: 'manifest', payload: Buffer.from('{}'), fdCount: 258 })
  expect(frame.toString('hex')).toBe(`00000002 02 0102 7b7d`.replaceAll(' ', ''))
})

test('the same frames are found however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.nat()), (sent, places) => {
      const decoder = new FrameDecoder()
      const found = cut(Buffer.concat(sent.map(encodeFrame)), places).flatMap((part) => [
        ...decoder.push(part),
      ])
      expect(found).toEqual(sent)
      expect(decoder.unfinished).toBe(false)
    }),
  )
})

test('any garbage gives frames or a typed error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (garbage) => {
      const decoder = new FrameDecoder()
      try {
        for (const part of garbage) for (const _ of decoder.push(part));
      } catch (error) {
        expect(error).toBeInstanceOf(HandoverError)
      }
    }),
  )
})

describe('a head is refused before any of its payload', () => {
  test.each([
    ['an unknown kind', head(0, 16, 0), 'kind 16'],
    ['kind 0', head(0, 0, 0), 'kind 0'],
    ['more state than is ever sent at once', head(200 * 1024 + 1, 3, 0), 'the limit is 204800'],
    ['the longest length there is', head(0xffffffff, 2, 0), 'the limit is 1048576'],
    ['a "ready" with something in it', head(1, 5, 0), 'the limit is 0'],
    ['descriptors with a "ready"', head(0, 5, 1), 'has 1 descriptors, and the limit is 0'],
    ['more descriptors than a manifest may bring', head(2, 2, 4097), 'the limit is 4096'],
  ])('%s', (_, bytes, message) => {
    expect(() => [...new FrameDecoder().push(bytes)]).toThrow(protocolError(message))
  })
})

test('a frame that the other end would refuse is not made', () => {
  const payload = Buffer.alloc(200 * 1024 + 1)
  expect(() => encodeFrame({ type: 'state', payload, fdCount: 0 })).toThrow(protocolError('204801 bytes'))
})

test('the document of the wire formats lists each kind with its limits', () => {
  const path = new URL('../../../docs/wire-formats.md', import.meta.url)
  const rows = readFileSync(path, 'utf8').match(/^\| \d+ \| [a-zA-Z]+ \| .*$/gm) ?? []
  const listed = rows.map((row) => {
    const [, code, name, , , bytes, fds] = row.split('|').map((cell) => cell.trim())
    return [name, Number(code), Number(bytes?.replaceAll(',', '')), Number(fds?.replace(/\D/g, ''))]
  })
  const known = Object.entries(kinds).map(([name, { code, maxBytes, maxFds }]) => [
    name,
    code,
    maxBytes,
    maxFds,
  ])
  expect(listed).toEqual(known)
})
