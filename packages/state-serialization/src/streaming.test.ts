import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'

const Blocks = defineStateStream({ name: 'blocks', version: 1, schema: z.instanceof(Buffer) })

/** Items of 50 KB that count how many were taken. */
function countedItems(count: number) {
  const items = {
    taken: 0,
    *[Symbol.iterator]() {
      for (; items.taken < count; items.taken++) yield Buffer.alloc(50_000, items.taken)
    },
  }
  return items
}

test('items are taken as their chunks are requested', async () => {
  const items = countedItems(1_000)
  const chunks = Blocks.encode(items)[Symbol.asyncIterator]()
  await chunks.next()
  expect(items.taken).toBeLessThan(5)
  for (let chunk = 0; chunk < 10; chunk++) await chunks.next()
  expect(items.taken).toBeLessThan(50)
})

test('bytes are taken as items are requested, and a consumer that stops closes the source', async () => {
  let [chunks, closed] = [0, false]
  async function* source() {
    try {
      for await (const chunk of Blocks.encode(countedItems(1_000))) {
        chunks++
        yield chunk
      }
    } finally {
      closed = true
    }
  }
  let items = 0
  for await (const item of Blocks.decode(source())) {
    expect(item[0]).toBe(items++)
    if (items === 10) break
  }
  expect(chunks).toBeLessThan(5)
  expect(closed).toBe(true)
})

test('a consumer of items learns that some are missing before its loop ends', async () => {
  const encoded: Buffer[] = []
  for await (const chunk of Blocks.encode(countedItems(20))) encoded.push(chunk)
  const items: Buffer[] = []
  const taking = async () => {
    for await (const item of Blocks.decode(encoded.slice(0, -1))) items.push(item)
  }
  await expect(taking()).rejects.toMatchObject({ code: 'ERR_STATE_TRUNCATED' })
  expect(items.length).toBeGreaterThan(10)
})

test('items may come asynchronously, and their failure is that of the encoding', async () => {
  const Numbers = defineStateStream({ name: 'numbers', version: 1, schema: z.number() })
  async function* numbers(fail: boolean) {
    yield 1
    await Promise.resolve()
    if (fail) throw new Error('the database is gone')
    yield 2
  }
  const found: number[] = []
  for await (const number of Numbers.decode(Numbers.encode(numbers(false)))) found.push(number)
  expect(found).toEqual([1, 2])
  const failing = Numbers.encode(numbers(true))[Symbol.asyncIterator]()
  await expect(failing.next()).rejects.toThrow('the database is gone')
})

test('a value is encoded as it was at the call', async () => {
  const List = defineState({ name: 'list', version: 1, schema: z.any() })
  const list = [Buffer.from('as it was')]
  const encoded = List.encode(list)
  list[0]?.fill(0)
  list.push(Buffer.from('later'))
  expect(await List.decode(encoded)).toEqual([Buffer.from('as it was')])
})

test('a source that gives text, or fails, is a typed error', async () => {
  const Text = defineState({ name: 'text', version: 1, schema: z.string() })
  const text = Readable.from(['text'], { objectMode: false, encoding: 'utf8' })
  await expect(Text.decode(text)).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringContaining('setEncoding'),
  })
  const cause = new Error('ECONNRESET')
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.from('SFS')
    throw cause
  }
  await expect(Text.decode(failing())).rejects.toMatchObject({ code: 'ERR_STATE_UNREADABLE', cause })
})

test('encoding costs linear time', () => {
  const List = defineState({ name: 'list', version: 1, schema: z.any() })
  const processorMs = (length: number) => {
    const value = Array.from({ length }, (_, id) => ({ id, name: `user ${id}` }))
    const start = process.cpuUsage()
    List.encode(value)
    return process.cpuUsage(start).user / 1_000
  }
  processorMs(50_000)
  expect(processorMs(400_000)).toBeLessThan(24 * Math.max(processorMs(50_000), 5))
})
