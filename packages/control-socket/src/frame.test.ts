import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ControlSocketError } from './control-socket-error.ts'
import { encodeFrame, FrameDecoder, maxFrameBytes } from './frame.ts'

function frameOf(payload: string | Uint8Array): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(Buffer.byteLength(payload))
  return Buffer.concat([header, Buffer.from(payload as string)])
}

/** The bytes, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
}

describe('encodeFrame', () => {
  test('puts the length in bytes, not in characters, before the JSON', () => {
    expect(encodeFrame({ k: 'ü€' }).toString('hex')).toBe(
      `0000000d${Buffer.from('{"k":"ü€"}').toString('hex')}`,
    )
  })

  test.each([undefined, () => 1, 1n, Symbol('s')])('refuses %s, which JSON cannot say', (message) => {
    expect(() => encodeFrame(message)).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED' }))
  })

  test('refuses more than the 8 MiB that the other end would take', () => {
    expect(encodeFrame('x'.repeat(maxFrameBytes - 2))).toHaveLength(maxFrameBytes + 4)
    expect(() => encodeFrame('x'.repeat(maxFrameBytes - 1))).toThrow(
      expect.objectContaining({
        code: 'ERR_FRAME_TOO_LARGE',
        message: expect.stringContaining(String(maxFrameBytes)),
      }),
    )
  })
})

describe('FrameDecoder', () => {
  test('finds the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.array(fc.nat()), (messages, places) => {
        const asJson = messages.map((message) => JSON.parse(JSON.stringify(message)))
        const decoder = new FrameDecoder()
        const found = cut(Buffer.concat(asJson.map(encodeFrame)), places).flatMap((part) => [
          ...decoder.push(part),
        ])
        expect(found).toEqual(asJson)
        expect(decoder.unfinished).toBe(false)
      }),
    )
  })

  test('answers any garbage with messages or a typed error, in any cut', () => {
    const header = fc.uint8Array({ minLength: 2, maxLength: 2 }).map((tail) => Uint8Array.of(0, 0, ...tail))
    const pieces = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 64 }), fc.json().map(frameOf)))
    fc.assert(
      fc.property(pieces, fc.array(fc.nat()), (garbage, places) => {
        const decoder = new FrameDecoder(1024)
        for (const part of cut(Buffer.concat(garbage), places)) {
          try {
            for (const _ of decoder.push(part));
          } catch (error) {
            expect(error).toBeInstanceOf(ControlSocketError)
          }
        }
      }),
    )
  })

  test('refuses a frame over its limit at the fourth byte, before any of it came', () => {
    const decoder = new FrameDecoder(10)
    expect([...decoder.push(Uint8Array.of(0, 0, 0))]).toEqual([])
    expect(() => [...decoder.push(Uint8Array.of(11))]).toThrow(
      expect.objectContaining({
        code: 'ERR_FRAME_TOO_LARGE',
        message: 'a frame has 11 bytes, and the limit is 10',
      }),
    )
  })

  test('takes a frame of exactly its limit', () => {
    expect([...new FrameDecoder(10).push(frameOf('"12345678"'))]).toEqual(['12345678'])
  })

  test.each([
    ['an empty frame', ''],
    ['no JSON', 'hello'],
    ['UTF-8 that is broken', Uint8Array.of(0x22, 0xff, 0x22)],
    ['a byte order mark', '\ufeff1'],
    ['two values', '1 2'],
  ])('refuses %s', (_, payload) => {
    expect(() => [...new FrameDecoder().push(frameOf(payload))]).toThrow(
      expect.objectContaining({ code: 'ERR_MALFORMED' }),
    )
  })

  test('yields the messages before a bad one', () => {
    const found: unknown[] = []
    expect(() => {
      for (const message of new FrameDecoder().push(Buffer.concat([frameOf('1'), frameOf('?')])))
        found.push(message)
    }).toThrow(ControlSocketError)
    expect(found).toEqual([1])
  })

  test('knows whether it is inside a frame', () => {
    const decoder = new FrameDecoder()
    for (const byte of frameOf('12')) {
      const messages = [...decoder.push(Uint8Array.of(byte))]
      expect(decoder.unfinished).toBe(messages.length === 0)
    }
  })

  test('reserves no memory for what is only announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 64 }, () => {
      const decoder = new FrameDecoder()
      const announced = Buffer.alloc(5)
      announced.writeUInt32BE(maxFrameBytes)
      expect([...decoder.push(announced)]).toEqual([])
      return decoder
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxFrameBytes)
    expect(decoders.every((decoder) => decoder.unfinished)).toBe(true)
  })

  test('a frame that comes byte by byte costs no more than many small ones of as many bytes', () => {
    byteWise(200, 1_000)
    expect(byteWise(1, 200_000)).toBeLessThan(8 * byteWise(200, 1_000))
  })
})

/** The processor's time, in microseconds: of that, others that run meanwhile take none. */
function byteWise(frames: number, length: number): number {
  const decoder = new FrameDecoder()
  const bytes = Buffer.concat(Array(frames).fill(frameOf(`"${'x'.repeat(length)}"`)))
  const start = process.cpuUsage()
  let messages = 0
  for (let i = 0; i < bytes.length; i++) for (const _ of decoder.push(bytes.subarray(i, i + 1))) messages++
  expect(messages).toBe(frames)
  return process.cpuUsage(start).user
}
