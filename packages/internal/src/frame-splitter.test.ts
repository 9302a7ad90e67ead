import { describe, expect, test } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'

/** A head of two bytes: the length of the body, and a kind. 0xff is not a length. */
const layout = {
  headBytes: 2,
  readHead: (bytes: Buffer) => {
    if (bytes.readUInt8() === 0xff) throw new RangeError('too long')
    return { length: bytes.readUInt8(), kind: bytes.readUInt8(1) }
  },
}

const frame = (kind: number, body: string) => Buffer.from([body.length, kind, ...Buffer.from(body)])
const read = (splitter: FrameSplitter<{ length: number; kind: number }>, bytes: Uint8Array) =>
  [...splitter.push(bytes)].map(({ head, body }) => [head.kind, body.toString()])

describe('a stream is split into its frames', () => {
  const bytes = Buffer.concat([frame(1, 'first'), frame(2, ''), frame(3, 'third one')])
  const frames = [
    [1, 'first'],
    [2, ''],
    [3, 'third one'],
  ]

  test.each([0, 3, 64])('at every cut, with %i bytes reserved', (reserveBytes) => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new FrameSplitter({ ...layout, reserveBytes })
      const found = [...read(splitter, bytes.subarray(0, cut)), ...read(splitter, bytes.subarray(cut))]
      expect(found, `cut at ${cut}`).toEqual(frames)
      expect(splitter.unfinished).toBe(false)
    }
  })

  test('byte by byte', () => {
    const splitter = new FrameSplitter(layout)
    expect([...bytes].flatMap((byte) => read(splitter, Uint8Array.of(byte)))).toEqual(frames)
  })
})

test('the end of a stream inside a frame is visible', () => {
  const splitter = new FrameSplitter(layout)
  for (const byte of frame(1, 'x').subarray(0, -1)) {
    read(splitter, Uint8Array.of(byte))
    expect(splitter.unfinished).toBe(true)
  }
})

test('bodies do not share memory, so a receiver can keep one', () => {
  const splitter = new FrameSplitter(layout)
  const [first, second] = [...splitter.push(Buffer.concat([frame(1, 'one'), frame(1, 'two')]))]
  second?.body.fill(0)
  expect(first?.body.toString()).toBe('one')
  expect(first?.body.buffer.byteLength).toBe(3)
})

test('a head that cannot be read throws as soon as it is whole', () => {
  const splitter = new FrameSplitter(layout)
  expect(read(splitter, Uint8Array.of(0xff))).toEqual([])
  expect(() => read(splitter, Uint8Array.of(1))).toThrow('too long')
})
