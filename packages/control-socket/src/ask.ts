import type { Socket } from 'node:net'
import { optionFault } from '@shellflip/internal'
import { checkProtocol } from './check-protocol.ts'
import { connectTo } from './connect.ts'
import { ControlSocketError, throwIfFaulty, throwIfMissing } from './control-socket-error.ts'
import { encodeFrame, FrameDecoder } from './frame.ts'
import { fromWire, type Protocol, toWire } from './protocol.ts'
import { refusalFromWire } from './refusal.ts'

export type AskOptions<Request, Reply> = {
  path: string
  protocol: Protocol<Request, Reply>
  request: NoInfer<Request>
  /** Aborts the request, which then throws the signal's reason. Without a signal, the request lasts until the server has answered. */
  signal?: AbortSignal
}

const optionTypes = { path: 'string', protocol: 'object', request: 'any', signal: 'AbortSignal' } as const

/**
 * Asks, and waits for the last reply.
 *
 * @throws {ControlSocketError} as {@link askForReplies}
 * @throws {ControlSocketError} ERR_CLOSED_EARLY if the server closes without a reply
 */
export async function ask<Request, Reply>(options: AskOptions<Request, Reply>): Promise<Reply> {
  let last: { reply: Reply } | undefined
  for await (const reply of askForReplies(options)) last = { reply }
  if (last === undefined) throw closedEarly(options.path, 'before it replied')
  return last.reply
}

/**
 * Sends a request, and yields the replies as they arrive. Leaving the loop closes the connection. Nothing is sent to a server that
 * another user may have put at the path.
 *
 * The stream ends when the server closes its end, and a process that dies closes it as well. So a protocol with several replies should
 * mark the last one as the last.
 *
 * @throws {ControlSocketError} ERR_NOBODY_THERE
 * @throws {ControlSocketError} ERR_CONTROL_FORBIDDEN
 * @throws {ControlSocketError} ERR_BUSY
 * @throws {ControlSocketError} ERR_CONTROL_PATH_TOO_LONG
 * @throws {ControlSocketError} ERR_MALFORMED if the request or a reply is not in the protocol
 * @throws {ControlSocketError} ERR_CLOSED_EARLY if the server closes in the middle
 * @throws {ControlSocketError} ERR_FRAME_TOO_LARGE
 * @throws {ControlSocketError} ERR_ANSWER_FAILED if the server's `answer` threw
 * @throws {ControlSocketError} ERR_INVALID_ARGUMENT
 */
export async function* askForReplies<Request, Reply>(
  options: AskOptions<Request, Reply>,
): AsyncGenerator<Reply, void> {
  const what = 'ask() or askForReplies()'
  throwIfFaulty(optionFault(what, options, optionTypes))
  throwIfMissing(what, options, ['path', 'protocol'])
  checkProtocol(what, options.protocol)
  const { path, protocol, request, signal } = options
  signal?.throwIfAborted()
  const frame = encodeFrame(toWire(protocol.request, request))
  try {
    const socket = await connectTo(path, signal)
    socket.write(frame)
    for await (const json of messagesFrom(socket, path)) {
      const refusal = refusalFromWire(json)
      if (refusal !== undefined) throw refusal
      yield fromWire(protocol.reply, json)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

async function* messagesFrom(socket: Socket, path: string): AsyncGenerator<unknown, void> {
  const decoder = new FrameDecoder()
  try {
    // Leaving this loop, for whatever reason, destroys the socket.
    for await (const bytes of socket) yield* decoder.push(bytes)
  } catch (cause) {
    if (cause instanceof ControlSocketError) throw cause
    throw closedEarly(path, 'instead of ending its reply', cause)
  }
  if (decoder.unfinished) throw closedEarly(path, 'in the middle of a reply')
}

function closedEarly(path: string, when: string, cause?: unknown): ControlSocketError {
  return new ControlSocketError(
    'ERR_CLOSED_EARLY',
    `the server at ${path} closed the connection ${when}. Its log may have the reason`,
    { cause },
  )
}
