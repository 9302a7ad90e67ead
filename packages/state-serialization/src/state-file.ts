import { ftruncate, read, write } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { show } from '@shellflip/internal'
import { checkIterable } from './check-call.ts'
import { invalidArgument, StateError } from './state-error.ts'
import { checkedChunk, type StateReader } from './state-source.ts'

const truncateFile = promisify(ftruncate)
const readFile = promisify(read)
const writeFile = promisify(write)

/** An open file or memfd: its descriptor, or Node's handle. It stays open, and its position is neither used nor moved. */
export type StateFile = number | FileHandle

/**
 * Writes encoded state to a file from its beginning. Afterwards the file holds exactly that, or nothing if it failed:
 * no byte of an earlier try is left.
 *
 * @throws {StateError} ERR_STATE_UNWRITABLE
 * @throws {unknown} if `encoded` throws. The value is what it threw
 */
export async function toFile(file: StateFile, encoded: AsyncIterable<Uint8Array>): Promise<void> {
  const fd = descriptorOf(file)
  checkIterable('toFile() takes what encode() returns', encoded)
  await unwritable(truncateFile(fd, 0))
  let position = 0
  try {
    for await (const chunk of encoded) position = await writeAll(fd, checkedChunk(chunk), position)
  } catch (error) {
    await truncateFile(fd, 0).catch(() => {})
    throw error
  }
}

/** Returns the bytes of a file from its beginning, as a source to decode. */
export function fromFile(file: StateFile): StateReader {
  const fd = descriptorOf(file)
  let position = 0
  return {
    async readInto(into) {
      const { bytesRead } = await readFile(fd, into, 0, into.length, position)
      position += bytesRead
      return bytesRead
    },
  }
}

async function writeAll(fd: number, chunk: Uint8Array, start: number): Promise<number> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await unwritable(
      writeFile(fd, chunk, written, chunk.length - written, start + written),
    )
    written += bytesWritten
  }
  return start + chunk.length
}

async function unwritable<R>(writing: Promise<R>): Promise<R> {
  return writing.catch((cause: Error) => {
    throw new StateError('ERR_STATE_UNWRITABLE', `the state cannot be written: ${cause.message}`, { cause })
  })
}

function descriptorOf(file: StateFile): number {
  const fd: unknown = typeof file === 'number' ? file : (Object(file) as FileHandle).fd
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 && fd < 2 ** 31) return fd
  const shown = show(typeof file === 'number' ? fd : file)
  throw invalidArgument(`a file must be an open FileHandle or a descriptor, not ${shown}`)
}
