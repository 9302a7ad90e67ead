import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import type { StateReader } from './state-source.ts'
import { forgedEnvelope, headerFrame, numbers } from './testing/forged-envelope.ts'
import { toBuffer } from './to-buffer.ts'

const Any = defineState({ name: 'any', version: 1, schema: z.any() })
const Items = defineStateStream({ name: 'any', version: 1, schema: z.any() })
const KiB = 1024

/** `toEqual()` takes a minute for a megabyte. */
const expectSame = (found: unknown, expected: unknown) =>
  expect(isDeepStrictEqual(found, expected)).toBe(true)

/** A source that records where it was asked to put its bytes. */
function recordingReader(bytes: Buffer) {
  const places: ArrayBufferLike[] = []
  let position = 0
  const reader: StateReader & { closed: number } = {
    closed: 0,
    readInto(into) {
      places.push(into.buffer)
      const count = bytes.copy(into, 0, position)
      position += count
      return count
    },
    close() {
      reader.closed++
    },
  }
  return { reader, places }
}

/** Encodes by encodeTo(). Copies what it gives out, since it is valid only then. */
function written(value: unknown): { bytes: Buffer; memories: Set<ArrayBufferLike> } {
  const [chunks, memories] = [[] as Buffer[], new Set<ArrayBufferLike>()]
  Any.encodeTo((bytes) => {
    chunks.push(Buffer.from(bytes))
    memories.add(bytes.buffer)
  }, value)
  return { bytes: Buffer.concat(chunks), memories }
}

describe('long bytes', () => {
  const value = {
    short: Buffer.alloc(16 * KiB - 1, 1),
    long: Buffer.alloc(16 * KiB, 2),
    longer: [Buffer.alloc(300 * KiB, 3), 'between', Buffer.alloc(1_000 * KiB, 4)],
    floats: new Float64Array(50_000).fill(0.5),
    bytes: new Uint8Array(20_000).fill(5),
  }

  test('come back as they were, by each way', async () => {
    expectSame(await Any.decode(Any.encode(value)), value)
    expectSame(await Any.decode(written(value).bytes), value)
    expectSame(await Any.decode(Any.encode(value, { checksBytes: false })), value)
    const found: unknown[] = []
    const encoded = Items.encode([value, 1, value], { reusesChunks: true })
    for await (const item of Items.decode(encoded)) found.push(item)
    expectSame(found, [value, 1, value])
  })

  test('have memory of their own, so that a part does not keep the rest', async () => {
    const { long, longer, floats, bytes } = (await Any.decode(Any.encode(value))) as typeof value
    for (const array of [long, longer[0] as Buffer, longer[2] as Buffer, floats, bytes])
      expect(array.buffer.byteLength).toBe(array.byteLength)
  })

  test('are given as they are by encodeTo(), and read straight into the value', async () => {
    const large = Buffer.allocUnsafeSlow(2_000 * KiB).fill(7)
    const { bytes, memories } = written({ large })
    expect(memories).toContain(large.buffer)
    const { reader, places } = recordingReader(bytes)
    const decoded = (await Any.decode(reader)) as { large: Buffer }
    expectSame(decoded, { large })
    expect(places).toContain(decoded.large.buffer)
    expect(reader.closed).toBe(1)
  })

  test('of a stream use few chunks again', async () => {
    const memories = new Set<ArrayBufferLike>()
    const blocks = Array.from({ length: 100 }, (_, index) => Buffer.alloc(64 * KiB, index))
    for await (const chunk of Items.encode(blocks, { reusesChunks: true })) memories.add(chunk.buffer)
    expect(memories.size).toBeLessThan(4)
    const kept: Buffer[] = []
    for await (const chunk of Items.encode(blocks)) kept.push(chunk)
    const found: unknown[] = []
    for await (const item of Items.decode(kept)) found.push(item)
    expectSame(found, blocks)
  })

  test('are as they were when encode() returned', async () => {
    const large = Buffer.alloc(500 * KiB, 1)
    const encoded = Any.encode(large)
    large.fill(2)
    expectSame(await Any.decode(encoded), Buffer.alloc(500 * KiB, 1))
  })

  test('count as a part of their value', () => {
    const Small = defineState({ name: 'any', version: 1, schema: z.any(), maxBytes: 100 * KiB })
    const beyond = [Buffer.alloc(60 * KiB), Buffer.alloc(60 * KiB)]
    expect(() => Small.encode(beyond)).toThrow(expect.objectContaining({ code: 'ERR_STATE_TOO_LARGE' }))
  })
})

test('a write that fails is a typed error with its cause', () => {
  const cause = new Error('ENOSPC')
  const write = () => {
    throw cause
  }
  expect(() => Any.encodeTo(write, Buffer.alloc(300 * KiB))).toThrow(
    expect.objectContaining({ code: 'ERR_STATE_UNWRITABLE', cause }),
  )
})

test('a reader that fails is closed, and its error is the cause', async () => {
  const cause = new Error('EIO')
  let closed = 0
  const reader: StateReader = { readInto: () => Promise.reject(cause), close: () => void closed++ }
  await expect(Any.decode(reader)).rejects.toMatchObject({ code: 'ERR_STATE_UNREADABLE', cause })
  expect(closed).toBe(1)
})

test.each([-1, 0.5, Number.NaN, 10 ** 9, undefined, '1'])(
  'a reader may not report %j bytes',
  async (count) => {
    let closed = 0
    const reader = { readInto: () => count as number, close: () => void closed++ }
    await expect(Any.decode(reader)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/^readInto\(\) must return a number of bytes from 0 to \d+, not /),
    })
    expect(closed).toBe(1)
  },
)

describe('damage in long bytes', () => {
  const large = Buffer.alloc(300 * KiB, 1)

  test.each([20, 5_000, 150 * KiB, 300 * KiB])('at byte %i is found', async (place) => {
    const bytes = await toBuffer(Any.encode(large))
    const at = bytes.indexOf(1, 60) + place
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at)
    await expect(Any.decode(bytes)).rejects.toMatchObject({ code: 'ERR_STATE_CORRUPT' })
  })

  test.each([true, false])('a cut is found, with checksums over them: %s', async (checksBytes) => {
    const bytes = await toBuffer(Any.encode(large, { checksBytes }))
    for (const length of [50, 1_000, 250 * KiB, bytes.length - 30]) {
      await expect(Any.decode(bytes.subarray(0, length))).rejects.toMatchObject({
        code: 'ERR_STATE_TRUNCATED',
      })
    }
  })
})

describe('a faulty writer of long bytes', () => {
  const header = headerFrame('any', 1, 1)
  const long = (kind: number, length: number): [number, Buffer, Buffer] => [
    kind,
    numbers(length),
    Buffer.alloc(Math.min(length, 100_000)),
  ]
  /** Names long bytes of this length. */
  const naming = (length: number): [number, Buffer] => {
    const item = Buffer.from('d9534a1a00000000', 'hex')
    item.writeUInt32BE(length, 4)
    return [2, item]
  }
  const nothing: [number, Buffer] = [2, Buffer.from([0xf6])]

  test('that is right is believed', async () => {
    const bytes = forgedEnvelope([header, long(6, 20_000), naming(20_000), [5, numbers(1, 20_059)]])
    expectSame(await Any.decode(bytes), Buffer.alloc(20_000))
  })

  test.each([
    ['that belong to no value', [header, long(6, 20_000), nothing]],
    ['that are missing', [header, naming(20_000)]],
    [
      'that are named twice',
      [header, long(6, 20_000), [2, Buffer.from('82d9534a194e20d9534a194e20', 'hex')]],
    ],
    ['of another length', [header, long(7, 20_000), naming(20_001)]],
    ['that are short', [header, long(6, 16 * KiB - 1)]],
    ['without a length', [header, [6, Buffer.alloc(7)]]],
    ['before the header', [long(6, 20_000)]],
    ['amid an item', [header, [3, numbers(2)], long(6, 20_000)]],
  ] as [string, [number, Buffer, Buffer?][]][])('%s', async (_, frames) => {
    await expect(Any.decode(forgedEnvelope(frames))).rejects.toMatchObject({ code: 'ERR_STATE_CORRUPT' })
  })

  test('of no item, after whole ones', async () => {
    const frames = [headerFrame('any', 1, 2), nothing, long(6, 20_000), [5, numbers(1, 20_052)]] as const
    const reading = async () => {
      for await (const _ of Items.decode(forgedEnvelope(frames)));
    }
    await expect(reading()).rejects.toMatchObject({ message: expect.stringMatching(/ends inside an item/) })
  })

  test('that are longer than a value may be, or than what comes', async () => {
    const beyond = forgedEnvelope([header, long(7, 1024 ** 3 + 1)])
    await expect(Any.decode(beyond)).rejects.toMatchObject({ code: 'ERR_STATE_TOO_LARGE' })
    const [before, announced] = [process.memoryUsage().rss, forgedEnvelope([header, long(7, 1024 ** 3)])]
    await expect(Any.decode(announced)).rejects.toMatchObject({ code: 'ERR_STATE_TRUNCATED' })
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2)
  })
})
