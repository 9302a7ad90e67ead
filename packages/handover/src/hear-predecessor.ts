import { RunningTimer } from '@shellflip/internal'
import type { FrameType } from './frame.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import type { ChannelMessage } from './message-socket.ts'
import { decodeReason } from './messages.ts'

/**
 * Returns the next message of the predecessor, which must be one of these.
 *
 * @throws {HandoverError} ERR_PREDECESSOR_GONE
 * @throws {HandoverError} ERR_REFUSED
 * @throws {HandoverError} ERR_PREDECESSOR_SILENT
 * @throws {HandoverError} ERR_PROTOCOL
 */
export async function hearPredecessor(
  channel: HandoverChannel,
  expected: readonly FrameType[],
  timeoutMs?: number,
): Promise<ChannelMessage> {
  const message = await (timeoutMs === undefined
    ? channel.receive()
    : unlessSilent(timeoutMs, (signal) => channel.receive(signal)))
  if (message === null) {
    throw new HandoverError('ERR_PREDECESSOR_GONE', 'the predecessor exited before it handed everything over')
  }
  if (expected.includes(message.type)) return message
  for (const fd of message.fds) fd.close()
  if (message.type === 'refused') {
    throw new HandoverError('ERR_REFUSED', `the predecessor keeps serving: ${decodeReason(message.payload)}`)
  }
  throw protocolError(`"${message.type}" comes where "${expected.join('" or "')}" is expected`)
}

/**
 * Waits for the predecessor to receive or to send.
 *
 * @throws {HandoverError} ERR_PREDECESSOR_SILENT if it does neither in time
 */
export async function unlessSilent<T>(
  timeoutMs: number,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController()
  const late = `the predecessor has been silent for ${timeoutMs} ms. It may hang`
  using _ = new RunningTimer(timeoutMs, () =>
    silence.abort(new HandoverError('ERR_PREDECESSOR_SILENT', late)),
  )
  return await wait(silence.signal)
}
