import { FdPassingError, type UnixSocket } from '@shellflip/fd-passing'
import type { OfferedState } from '@shellflip/handover'
import type { AnyFlipOptions } from '../flip-options.ts'

/** Encodes what `save` returned as the bytes that the Rust application reads. */
export type ToRust = NonNullable<AnyFlipOptions['toRust']>

type Bytes = Uint8Array | string

/**
 * Writes the state of the application, and its end. Without a state there is only the end, as the crate does it.
 *
 * Resolves when the successor has it all. A successor that no longer reads wants no more, and only its byte tells whether it is ready.
 */
export async function writeState(
  pipe: UnixSocket,
  state: OfferedState<unknown> | undefined,
  toRust: ToRust | undefined,
  signal: AbortSignal,
): Promise<void> {
  const chunks = state === undefined ? [] : encoded(state, toRust)
  try {
    for await (const chunk of chunks) if (chunk.length > 0 && !(await isTaken(pipe, chunk, signal))) return
  } finally {
    pipe.close()
  }
}

function encoded(
  state: OfferedState<unknown>,
  toRust: ToRust | undefined,
): Iterable<Bytes> | AsyncIterable<Bytes> {
  const saved = 'items' in state ? state.items : state.value
  if (toRust !== undefined) {
    const bytes = toRust(saved as never)
    return typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
  }
  return 'items' in state ? state.definition.encode(state.items) : state.definition.encode(state.value)
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
