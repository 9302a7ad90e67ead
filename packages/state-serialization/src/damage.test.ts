import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { StateError } from './state-error.ts'
import { cut, forgedEnvelope, headerFrame, numbers } from './testing/forged-envelope.ts'
import { toBuffer } from './to-buffer.ts'

const Users = defineState({
  name: 'users',
  version: 1,
  schema: z.map(z.string(), z.object({ age: z.int() })),
})
const users = new Map([
  ['ada', { age: 36 }],
  ['alan', { age: 41 }],
])
const whole = await toBuffer(Users.encode(users))

const Numbers = defineStateStream({ name: 'numbers', version: 1, schema: z.any() })
const wholeStream = await toBuffer(Numbers.encode([1, 2, 3]))

const refusal = (code: string, message = /./) =>
  expect.objectContaining({ name: 'StateError', code, message: expect.stringMatching(message) })

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof StateError ? error.code : error),
  )

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('a state that did not come as it was written', () => {
  test('cut off anywhere', async () => {
    for (let length = 0; length < whole.length; length++) {
      expect([length, await codeOf(Users.decode(whole.subarray(0, length)))]).toEqual([
        length,
        'ERR_STATE_TRUNCATED',
      ])
    }
    for (let length = 0; length < wholeStream.length; length++) {
      const items = all(Numbers.decode(wholeStream.subarray(0, length)))
      expect([length, await codeOf(items)]).toEqual([length, 'ERR_STATE_TRUNCATED'])
    }
  })

  // On a busy machine this takes longer. The limit is only for a test that does not end.
  test('one byte changed, anywhere, to anything', { timeout: 120_000 }, async () => {
    for (let place = 0; place < whole.length; place++) {
      for (let change = 1; change < 256; change++) {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8((whole.readUInt8(place) + change) % 256, place)
        // A length that is too large reads like an end that came too early.
        const expected =
          place < 7 ? /FOREIGN/ : place === 7 ? /UNKNOWN_FORMAT/ : /^ERR_STATE_(CORRUPT|TRUNCATED)$/
        expect(await codeOf(Users.decode(damaged)), `byte ${place}`).toMatch(expected)
      }
    }
  })

  test('bytes after its end, however they come', async () => {
    for (const more of [[0], [5, 0], Array(40).fill(1), [...whole]]) {
      const trailed = Buffer.concat([whole, Buffer.from(more)])
      expect(await codeOf(Users.decode(trailed))).toBe('ERR_STATE_CORRUPT')
      expect(await codeOf(Users.decode([whole, Buffer.from(more)]))).toBe('ERR_STATE_CORRUPT')
    }
  })

  test('an item left out, doubled, or at another place', async () => {
    const frameBytes = 10
    const begin = wholeStream.length - 25 - 3 * frameBytes
    const [head, a, b, c, end] = cut(
      wholeStream,
      [0, 1, 2, 3].map((index) => begin + index * frameBytes),
    ) as [Buffer, Buffer, Buffer, Buffer, Buffer]
    expect(await all(Numbers.decode([head, a, b, c, end]))).toEqual([1, 2, 3])
    for (const wrong of [
      [head, a, c, end],
      [head, a, b, end],
      [head, a, b, b, c, end],
      [head, b, a, c, end],
      [head, end],
      [a, b, c, end],
    ]) {
      expect(await codeOf(all(Numbers.decode(wrong)))).toMatch(/CORRUPT|FOREIGN/)
    }
  })

  test.each([
    ['text', Buffer.from('{"users": []}')],
    ['two bytes', Buffer.from('no')],
    ['zeros', Buffer.alloc(4096)],
  ])('%s', async (_, bytes) => {
    await expect(Users.decode(bytes)).rejects.toThrow(refusal('ERR_STATE_FOREIGN'))
  })

  test('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        expect(await codeOf(Users.decode(bytes))).toMatch(/^ERR_STATE_(FOREIGN|TRUNCATED)$/)
      }),
    )
  })

  test('the state of something else, or in the other form', async () => {
    const Others = defineState({ name: 'others', version: 1, schema: z.any() })
    await expect(Others.decode(whole)).rejects.toThrow(
      refusal('ERR_STATE_FOREIGN', /users, and others is expected/),
    )
    const UserStream = defineStateStream({ name: 'users', version: 1, schema: z.any() })
    await expect(all(UserStream.decode(whole))).rejects.toThrow(refusal('ERR_STATE_FOREIGN', /one value/))
  })
})

describe('bytes may be cut anywhere', () => {
  test('a value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), async (places) => {
        expect(await Users.decode(cut(whole, places))).toEqual(users)
      }),
    )
    expect(await Users.decode(cut(whole, [...whole.keys()]))).toEqual(users)
  })

  test('large items, as they are written and not', async () => {
    const large = [Buffer.alloc(300_000, 1), 'x'.repeat(250_000), Buffer.alloc(204_000, 2)]
    const encoded = await toBuffer(Numbers.encode(large))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 5 }), async (places) => {
        const found = (await all(Numbers.decode(cut(encoded, places)))) as typeof large
        expect(found.map((item, index) => Buffer.from(item).equals(Buffer.from(large[index] ?? '')))).toEqual(
          [true, true, true],
        )
      }),
      { numRuns: 20 },
    )
    for await (const chunk of Numbers.encode(large)) expect(chunk.length).toBeLessThanOrEqual(200 * 1024)
  })
})

describe('what a faulty writer may write', () => {
  const header = headerFrame('numbers', 1, 2)
  const one = Buffer.from([1])

  test.each([
    ['no header', [[2, one]]],
    ['two headers', [header, header]],
    ['a header of no form', [[1, Buffer.from([3, 0, 0, 0, 1, 65])]]],
    ['a header without a name', [[1, Buffer.from([1, 0, 0, 0, 1])]]],
    ['a name that is too long', [headerFrame('x'.repeat(256), 1, 2)]],
    ['a frame of no kind', [header, [9, one]]],
    ['a part of nothing', [header, [4, one]]],
    ['an item amid an item', [header, [3, numbers(2)], [2, one]]],
    ['a part that is too long', [header, [3, numbers(1)], [4, Buffer.from([1, 1])]]],
    ['a broken length', [header, [3, Buffer.alloc(7)]]],
    ['another number of items', [header, [2, one], [5, numbers(2, 42)]]],
    ['another length', [header, [2, one], [5, numbers(1, 41)]]],
    ['no end that can be read', [header, [5, one]]],
    ['an item of no bytes', [header, [2, Buffer.alloc(0)]]],
    ['an item of two values', [header, [2, Buffer.from([1, 1])]]],
  ] as [string, [number, Buffer][]][])('%s', async (_, frames) => {
    await expect(all(Numbers.decode(forgedEnvelope(frames)))).rejects.toThrow(refusal('ERR_STATE_CORRUPT'))
  })

  test('no value, or two, where one is expected', async () => {
    const One = defineState({ name: 'one', version: 1, schema: z.any() })
    const oneHeader = headerFrame('one', 1, 1)
    const none = forgedEnvelope([oneHeader, [5, numbers(0, 25)]])
    await expect(One.decode(none)).rejects.toThrow(refusal('ERR_STATE_CORRUPT', /no value/))
    const two = forgedEnvelope([oneHeader, [2, one], [2, one]])
    await expect(One.decode(two)).rejects.toThrow(refusal('ERR_STATE_CORRUPT', /more than one/))
  })

  test('any bytes as an item are a value or damage', async () => {
    const first = fc.constantFrom(0x81, 0xa1, 0xc2, 0xd8, 0xd9, 0x1b, 0x5b, 0x9b, 0xbb, 0xfb, 0xff, 0x7f)
    const tagged = fc.constantFrom(
      'd95346',
      'd95347',
      'd95348',
      'd90102',
      'd90103',
      'd851',
      'd840',
      'd84d',
      'c3',
    )
    const item = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(first, fc.uint8Array({ maxLength: 20 })).map(([head, rest]) => Buffer.from([head, ...rest])),
      fc
        .tuple(tagged, fc.uint8Array({ maxLength: 20 }))
        .map(([head, rest]) => Buffer.concat([Buffer.from(head, 'hex'), rest])),
    )
    await fc.assert(
      fc.asyncProperty(item, async (bytes) => {
        const decoded = all(Numbers.decode(forgedEnvelope([header, [2, Buffer.from(bytes)]])))
        expect(await codeOf(decoded)).toMatch(/^ERR_STATE_(CORRUPT|EXTERNALS|TRUNCATED)$/)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each([
    ['a text is not UTF-8', '62 c328'],
    ['a text is not UTF-8', 'bf 61 ff 01 ff'],
    ['a text has half a code unit', 'd95346 43 610062'],
    ['an object has a key twice', 'bf 61 61 01 61 61 02 ff'],
    ['a Map has a key twice', 'd90103 a2 01 01 01 02'],
    ['a Set has a member twice', 'd90102 82 01 01'],
    ['a Date is beyond what a Date can hold', 'd95348 1b 001fffffffffffff'],
    ['an integer is larger than a number can hold', '1b 0020000000000000'],
    ['an integer is larger than a number can hold', '3b 0020000000000000'],
    ['a tag precedes a value of another type', 'd95349 01'],
  ])('%s (%s), and would be read as another value', async (message, item) => {
    const bytes = Buffer.from(item.replaceAll(' ', ''), 'hex')
    await expect(all(Numbers.decode(forgedEnvelope([header, [2, bytes]])))).rejects.toThrow(
      refusal('ERR_STATE_CORRUPT', new RegExp(message)),
    )
  })

  test('a text may hold the replacement character', async () => {
    const Text = defineState({ name: 'text', version: 1, schema: z.string() })
    expect(await Text.decode(Text.encode('a \ufffd'))).toBe('a \ufffd')
  })

  test('a value that is nested without end', async () => {
    for (const begin of ['81', 'c2', 'a1', 'd90102', 'd9010381', 'd90103a1', 'd95346', 'd95348']) {
      const nested = forgedEnvelope([header, [2, Buffer.alloc(150_000, begin, 'hex')]])
      expect(await codeOf(all(Numbers.decode(nested)))).toBe('ERR_STATE_CORRUPT')
    }
  })
})

describe('limits', () => {
  test('a frame that is never written is refused by its head', async () => {
    const announced = forgedEnvelope([headerFrame('users', 1, 1)])
    const head = Buffer.from([2, 0xff, 0xff, 0xff, 0xff])
    await expect(Users.decode([announced, head])).rejects.toThrow(
      refusal('ERR_STATE_CORRUPT', /4294967295 bytes/),
    )
  })

  test('a large item takes memory when it comes, not when it is announced', async () => {
    const before = process.memoryUsage().rss
    const announced = forgedEnvelope([headerFrame('users', 1, 1), [3, numbers(1024 ** 3)]])
    await expect(Users.decode(announced)).rejects.toThrow(refusal('ERR_STATE_TRUNCATED'))
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2)
    const beyond = forgedEnvelope([headerFrame('users', 1, 1), [3, numbers(1024 ** 3 + 1)]])
    await expect(Users.decode(beyond)).rejects.toThrow(refusal('ERR_STATE_TOO_LARGE', /1073741824/))
  })

  test('a value, at both ends', async () => {
    const Short = defineState({ name: 'text', version: 1, schema: z.string(), maxBytes: 12 })
    const Long = defineState({ name: 'text', version: 1, schema: z.string() })
    expect(await Short.decode(await toBuffer(Short.encode('x'.repeat(11))))).toBe('x'.repeat(11))
    expect(() => Short.encode('x'.repeat(12))).toThrow(refusal('ERR_STATE_TOO_LARGE', /12 bytes/))
    await expect(Short.decode(Long.encode('x'.repeat(12)))).rejects.toThrow(refusal('ERR_STATE_TOO_LARGE'))
    const Mega = defineState({ name: 'text', version: 1, schema: z.any(), maxBytes: 1_000_000 })
    expect(() => Mega.encode(Array(10).fill(Buffer.alloc(150_000)))).toThrow(refusal('ERR_STATE_TOO_LARGE'))
  })

  test('items and all of them, at both ends', async () => {
    const options = { name: 'texts', version: 1, schema: z.string() }
    const Short = defineStateStream({ ...options, maxItemBytes: 12, maxBytes: 1_000 })
    const Long = defineStateStream(options)
    const long = ['x'.repeat(12)]
    await expect(toBuffer(Short.encode(long))).rejects.toThrow(refusal('ERR_STATE_TOO_LARGE', /an item/))
    await expect(all(Short.decode(Long.encode(long)))).rejects.toThrow(
      refusal('ERR_STATE_TOO_LARGE', /an item/),
    )
    const many = Array(100).fill('x')
    await expect(toBuffer(Short.encode(many))).rejects.toThrow(refusal('ERR_STATE_TOO_LARGE', /the state/))
    await expect(all(Short.decode(Long.encode(many)))).rejects.toThrow(
      refusal('ERR_STATE_TOO_LARGE', /the state/),
    )
  })

  test('a source that never ends is left and closed', async () => {
    let closed = false
    async function* endless() {
      try {
        yield whole
        for (;;) yield Buffer.alloc(10)
      } finally {
        closed = true
      }
    }
    await expect(Users.decode(endless())).rejects.toThrow(refusal('ERR_STATE_CORRUPT'))
    expect(closed).toBe(true)
  })
})
