import { types } from 'node:util'
import type * as zlib from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'

/** Stands for another thread, which writes when a checksum over shared memory is done. */
vi.mock('node:zlib', async (original) => {
  const { crc32, ...rest } = await original<typeof zlib>()
  return {
    ...rest,
    crc32(data: Uint8Array, value?: number) {
      const checksum = crc32(data, value)
      if (types.isSharedArrayBuffer(data.buffer)) data.fill(9)
      return checksum
    },
  }
})

const Any = defineState({ name: 'any', version: 1, schema: z.any() })
const shared = () => Buffer.from(new SharedArrayBuffer(3 * 1024 ** 2)).fill(1)

test('a checksum is that of the bytes that are written, also while a thread changes them', async () => {
  const chunks: Buffer[] = []
  Any.encodeTo((bytes) => void chunks.push(Buffer.from(bytes)), shared())
  expect(((await Any.decode(chunks)) as Buffer).length).toBe(3 * 1024 ** 2)
  expect(((await Any.decode(Any.encode(shared()))) as Buffer).length).toBe(3 * 1024 ** 2)
})

test('shared bytes without a checksum are not copied', () => {
  const value = shared()
  const memories = new Set<ArrayBufferLike>()
  Any.encodeTo((bytes) => void memories.add(bytes.buffer), value, { checksBytes: false })
  expect(memories).toContain(value.buffer)
})
