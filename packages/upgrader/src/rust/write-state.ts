import { types } from 'node:util'
import { FdPassingError, type UnixSocket } from '@shellflip/fd-passing'
import type { OfferedState } from '@shellflip/handover'
import { show } from '@shellflip/internal'
import type { AnyFlipOptions } from '../flip-options.ts'
import { invalidArgument, type ShellflipError } from '../shellflip-error.ts'

/** Encodes what `save` returned as the bytes that the Rust application reads. */
export type ToRust = NonNullable<AnyFlipOptions['toRust']>

type Bytes = Uint8Array | string

/**
 * Writes the state of the application, and its end. Without a state there is only the end, as the crate does it.
 *
 * Resolves when the successor has it all. A successor that no longer reads wants no more, and only its byte tells whether it is ready.
 *
 * Leaves the pipe open if it ends early, or the successor would read a part as the whole. The caller closes it.
 */
export async function writeState(
  pipe: UnixSocket,
  state: OfferedState<unknown> | undefined,
  toRust: ToRust | undefined,
  signal: AbortSignal,
): Promise<void> {
  const chunks = state === undefined ? [] : encoded(state, toRust)
  for await (const chunk of chunks) {
    if (!isBytes(chunk)) throw wrongBytes('yield', chunk)
    if (chunk.length > 0 && !(await isTaken(pipe, chunk, signal))) return
  }
  pipe.close()
}

function encoded(
  state: OfferedState<unknown>,
  toRust: ToRust | undefined,
): Iterable<Bytes> | AsyncIterable<Bytes> {
  const saved = 'items' in state ? state.items : state.value
  if (toRust !== undefined) return chunksOf(toRust(saved as never))
  return 'items' in state ? state.definition.encode(state.items) : state.definition.encode(state.value)
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
function chunksOf(given: ReturnType<ToRust>): Iterable<Bytes> | AsyncIterable<Bytes> {
  if (isBytes(given)) return [given]
  const { [Symbol.iterator]: each, [Symbol.asyncIterator]: later } = Object(given)
  if (each === undefined && later === undefined) throw wrongBytes('return', given)
  return given
}

function isBytes(value: unknown): value is Bytes {
  return typeof value === 'string' || types.isUint8Array(value)
}

function wrongBytes(verb: string, value: unknown): ShellflipError {
  return invalidArgument(`toRust must ${verb} a Uint8Array or a string, not ${show(value)}.`)
}

/** @returns false if the successor reads no more */
async function isTaken(pipe: UnixSocket, chunk: Bytes, signal: AbortSignal): Promise<boolean> {
  try {
    await pipe.send(chunk, { signal })
    return true
  } catch (error) {
    if (signal.aborted || isEnd(error)) return false
    throw error
  }
}

function isEnd(error: unknown): boolean {
  if (!(error instanceof FdPassingError)) return false
  return error.code === 'ERR_FD_CLOSED' || error.errno === 'EPIPE' || error.errno === 'ECONNRESET'
}
