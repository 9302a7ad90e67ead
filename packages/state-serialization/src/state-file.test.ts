import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { fromFile, toFile } from './state-file.ts'
import { toBuffer } from './to-buffer.ts'

const Text = defineState({ name: 'text', version: 1, schema: z.string() })
const Numbers = defineStateStream({ name: 'numbers', version: 1, schema: z.number() })

function testFile() {
  const folder = temporaryFolder()
  const path = folder.join('state')
  const fd = openSync(path, 'w+')
  return {
    path,
    fd,
    [Symbol.dispose]: () => {
      closeSync(fd)
      folder[Symbol.dispose]()
    },
  }
}

test('a state is written to a file and read back, whatever its position', async () => {
  using file = testFile()
  const text = 'x'.repeat(1_000_000)
  writeFileSync(file.fd, 'moves the position')
  await toFile(file.fd, Text.encode(text))
  expect(await Text.decode(fromFile(file.fd))).toBe(text)
  expect(await Text.decode(fromFile(file.fd))).toBe(text)
})

test('by a FileHandle, too, which stays open', async () => {
  using file = testFile()
  await using handle = await open(file.path, 'r+')
  await toFile(handle, Text.encode('x'))
  expect(await Text.decode(fromFile(handle))).toBe('x')
})

test('a write that failed, tried again, leaves exactly the state', async () => {
  using file = testFile()
  const encoded = Text.encode('x'.repeat(500_000))
  async function* failing() {
    for await (const chunk of encoded) {
      yield chunk
      yield Buffer.alloc(700_000, 'stale')
      throw new Error('no')
    }
  }
  await expect(toFile(file.fd, failing())).rejects.toThrow('no')
  expect(fstatSync(file.fd).size).toBe(0)
  await expect(Text.decode(fromFile(file.fd))).rejects.toMatchObject({ code: 'ERR_STATE_TRUNCATED' })
  await toFile(file.fd, encoded)
  expect(readFileSync(file.path).equals(await toBuffer(encoded))).toBe(true)
})

test('a shorter state leaves nothing of a longer one', async () => {
  using file = testFile()
  await toFile(file.fd, Text.encode('x'.repeat(500_000)))
  await toFile(file.fd, Text.encode('short'))
  expect(await Text.decode(fromFile(file.fd))).toBe('short')
  expect(readFileSync(file.path).equals(await toBuffer(Text.encode('short')))).toBe(true)
})

test('an item that cannot be saved leaves nothing that could be taken for the state', async () => {
  using file = testFile()
  await expect(toFile(file.fd, Numbers.encode([1, 'two' as never]))).rejects.toMatchObject({
    code: 'ERR_STATE_INVALID',
  })
  expect(fstatSync(file.fd).size).toBe(0)
})

test('a file that cannot be written, or read, is a typed error with its cause', async () => {
  using file = testFile()
  const readOnly = openSync(file.path, 'r')
  const writeOnly = openSync(file.path, 'w')
  await expect(toFile(readOnly, Text.encode('x'))).rejects.toMatchObject({
    code: 'ERR_STATE_UNWRITABLE',
    cause: { code: 'EINVAL' },
  })
  await expect(Text.decode(fromFile(writeOnly))).rejects.toMatchObject({
    code: 'ERR_STATE_UNREADABLE',
    cause: { code: 'EBADF' },
  })
  closeSync(readOnly)
  closeSync(writeOnly)
})

test.runIf(process.platform === 'linux')('a full disk leaves a typed error', async () => {
  const full = openSync('/dev/full', 'w')
  await expect(toFile(full, Text.encode('x'))).rejects.toMatchObject({ code: 'ERR_STATE_UNWRITABLE' })
  closeSync(full)
})
