import type { FrameType } from './frame.ts'
import type { ChannelMessage, HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import { decodeReason } from './messages.ts'
import { RunningTimer } from './running-timer.ts'

/**
 * What the predecessor says next, which must be one of these.
 *
 * @throws {HandoverError} ERR_PREDECESSOR_GONE, ERR_REFUSED, ERR_TIMED_OUT, ERR_PROTOCOL …
 */
export async function hearPredecessor(
  channel: HandoverChannel,
  expected: readonly FrameType[],
  timeoutMs?: number,
): Promise<ChannelMessage> {
  const message = await (timeoutMs === undefined ? channel.receive() : receiveWithin(channel, timeoutMs))
  if (message === null) {
    throw new HandoverError('ERR_PREDECESSOR_GONE', 'the predecessor ended before everything was handed over')
  }
  if (expected.includes(message.type)) return message
  for (const fd of message.fds) fd.close()
  if (message.type === 'refused') {
    throw new HandoverError('ERR_REFUSED', `the predecessor goes on itself: ${decodeReason(message.payload)}`)
  }
  throw protocolError(`"${message.type}" comes where "${expected.join('" or "')}" is expected`)
}

async function receiveWithin(channel: HandoverChannel, timeoutMs: number): Promise<ChannelMessage | null> {
  const silence = new AbortController()
  const late = `the predecessor has been silent for ${timeoutMs} ms: does it hang?`
  using _ = new RunningTimer(timeoutMs, () => silence.abort(new HandoverError('ERR_TIMED_OUT', late)))
  return await channel.receive(silence.signal)
}
