/**
 * Names the debt of this process to the other end of a handover channel:
 *
 * - `open`: nothing. The other end may take a close for the exit of this process
 * - `giving`: a verdict. The other end has the manifest, and would serve if this process exited
 * - `moving`: patience. The other end has not answered every connection that it was given, and would serve those
 * - `refusing`: nothing any more, when the kernel has the reason
 * - `closing`: this process has closed the channel, and still takes the answers
 * - `closed`: nothing. The socket is closed
 */
export type ChannelState = 'open' | 'giving' | 'moving' | 'refusing' | 'closing' | 'closed'

/**
 * The events that can happen to it:
 *
 * - `manifest`, `released`, `connections`: this process sends such a message
 * - `answered`: the other end has answered the last connection, and no other one is unanswered
 * - `ended`: the other end has exited
 * - `refuse`: this process cannot continue with the handover, and gives a reason
 * - `close`: this process does not need the channel any more
 * - `told`: the kernel has the reason, or the other end has exited
 */
export type ChannelEvent =
  | 'manifest'
  | 'released'
  | 'connections'
  | 'answered'
  | 'ended'
  | 'refuse'
  | 'close'
  | 'told'

/**
 * - `shut`: close the socket, with every message that was not received
 * - `say-why`: send the reason, while nothing waits for it
 * - `wait`: receive the answers, without keeping this process alive
 */
type ChannelAction = 'shut' | 'say-why' | 'wait'

export type ChannelStep = { to: ChannelState; action?: ChannelAction }

/** Maps each state and event to a step. An event that a state does not list changes nothing. */
export const channelTable: Record<ChannelState, Partial<Record<ChannelEvent, ChannelStep>>> = {
  open: {
    manifest: { to: 'giving' },
    connections: { to: 'moving' },
    refuse: { to: 'refusing', action: 'say-why' },
    close: { to: 'closed', action: 'shut' },
  },
  giving: {
    released: { to: 'open' },
    refuse: { to: 'refusing', action: 'say-why' },
    // The other end has everything. It would take a mere close for the exit of this process, and serve beside it.
    close: { to: 'refusing', action: 'say-why' },
  },
  moving: {
    answered: { to: 'open' },
    ended: { to: 'open' },
    refuse: { to: 'refusing', action: 'say-why' },
    close: { to: 'closing', action: 'wait' },
  },
  refusing: {
    told: { to: 'closed', action: 'shut' },
  },
  closing: {
    answered: { to: 'closed', action: 'shut' },
    ended: { to: 'closed', action: 'shut' },
  },
  closed: {},
}
