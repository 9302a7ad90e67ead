import type { Socket } from 'node:net'
import { deferred } from '@shellflip/internal'
import { ControlSocketError } from './control-socket-error.ts'
import { FrameDecoder } from './frame.ts'

/**
 * Reads the one frame that a client may send.
 *
 * @returns its JSON value, or undefined if the client left without a byte: it only looked whether we live.
 * @throws {ControlSocketError} ERR_MALFORMED
 * @throws {ControlSocketError} ERR_FRAME_TOO_LARGE
 * @throws {ControlSocketError} ERR_CLIENT_TIMED_OUT
 * @throws {ControlSocketError} ERR_CLOSED_EARLY
 */
export async function readRequest(
  socket: Socket,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<unknown> {
  const decoder = new FrameDecoder(maxBytes)
  const { promise, resolve, reject } = deferred<unknown>()
  const take = (bytes: Buffer) => {
    try {
      const messages = [...decoder.push(bytes)]
      if (messages.length > 1 || (messages.length === 1 && decoder.unfinished)) throw trailingBytes()
      if (messages.length === 1) resolve(messages[0])
    } catch (error) {
      reject(error)
    }
  }
  const leave = () => {
    if (!decoder.unfinished) return resolve(undefined)
    reject(new ControlSocketError('ERR_CLOSED_EARLY', 'the client closed in the middle of its request'))
  }
  const timer = setTimeout(() => {
    reject(
      new ControlSocketError(
        'ERR_CLIENT_TIMED_OUT',
        `the client did not send a whole request within ${timeoutMs} ms`,
      ),
    )
  }, timeoutMs)
  socket.on('data', take).on('end', leave).on('close', leave)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.off('data', take).off('end', leave).off('close', leave)
  }
}

/** Makes the error for bytes after the request. */
export function trailingBytes(): ControlSocketError {
  return new ControlSocketError(
    'ERR_MALFORMED',
    'bytes follow the request, and a connection carries one request',
  )
}
