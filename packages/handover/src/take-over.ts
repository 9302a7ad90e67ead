import { messageOf } from '@shellflip/internal'
import type { StateIdentity } from '@shellflip/state-serialization'
import { checkStates } from './check-offer.ts'
import { checkOptions } from './check-options.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { protocolError } from './handover-error.ts'
import { hearPredecessor, unlessSilent } from './hear-predecessor.ts'
import { decodeManifest, encodeMessage, protocolVersion } from './messages.ts'
import { Takeover } from './takeover.ts'

export type TakeOverOptions = {
  /** The definitions of the states that can be taken over. The predecessor writes its state for their versions. */
  readonly states?: readonly StateIdentity[]
  /** How long the predecessor may be silent while it gives, in milliseconds. @default 60_000 */
  readonly timeoutMs?: number
}

/**
 * Takes over from the predecessor at the other end of the channel. The takeover owns the channel. Sockets and lock are here when this
 * resolves, and {@link Takeover.state} reads the state. If it fails, everything is closed, and the predecessor continues.
 *
 * @throws {HandoverError} ERR_PREDECESSOR_GONE
 * @throws {HandoverError} ERR_REFUSED
 * @throws {HandoverError} ERR_PREDECESSOR_SILENT
 * @throws {HandoverError} ERR_HANDOVER_FD_LOST
 * @throws {HandoverError} ERR_PROTOCOL
 * @throws {HandoverError} ERR_NOT_A_CHANNEL
 * @throws {HandoverError} ERR_INVALID_ARGUMENT
 */
export async function takeOver(channel: HandoverChannel, options: TakeOverOptions = {}): Promise<Takeover> {
  checkOptions('takeOver()', options, { states: 'any', timeoutMs: 'milliseconds' })
  const { states = [], timeoutMs = 60_000 } = options
  checkStates(states)
  try {
    const accepts = Object.fromEntries(states.map(({ name, version }) => [name, version]))
    const hello = encodeMessage({ protocol: protocolVersion, pid: process.pid, accepts })
    await unlessSilent(timeoutMs, (signal) => channel.send('hello', hello, [], signal))
    const { payload, fds } = await hearPredecessor(channel, ['manifest'], timeoutMs)
    try {
      const manifest = decodeManifest(payload)
      const announced = manifest.sockets.length + (manifest.lock ? 1 : 0)
      if (fds.length !== announced) {
        throw protocolError(`${fds.length} descriptors arrived with a manifest of ${announced}`)
      }
      return new Takeover({ channel, manifest, fds, timeoutMs })
    } catch (error) {
      for (const fd of fds) fd.close()
      throw error
    }
  } catch (error) {
    channel.refuse(messageOf(error))
    throw error
  }
}
