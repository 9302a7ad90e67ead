import { messageOf, type OptionTypes, RunningTimer } from '@shellflip/internal'
import { checkOffer } from './check-offer.ts'
import { checkOptions } from './check-options.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import {
  describeHandoverFailure,
  HandoverFailed,
  type HandoverFailure,
  type HandoverResult,
  type Successor,
} from './handover-failure.ts'
import type { ChannelMessage } from './message-socket.ts'
import { decodeHello, decodeReason, encodeMessage, type Manifest } from './messages.ts'
import { descriptorsOf, type HandoverOffer, socketsOf } from './offer.ts'
import { OutgoingState } from './outgoing-state.ts'
import { stateFor } from './state-encoding.ts'

export type GiveOptions = {
  /**
   * How long the successor may take from now until it is ready, in milliseconds. After "commit" it has the same time again until it serves.
   * @default 60_000
   */
  readonly readyTimeoutMs?: number
  /** Aborts the handover. It has no effect once the successor is ready. */
  readonly signal?: AbortSignal
  /** Called when the successor has said hello, with the successor that the outcome names if it is committed. */
  readonly onHello?: (successor: Successor) => void
}

const optionTypes: OptionTypes<keyof GiveOptions> = {
  readyTimeoutMs: 'milliseconds',
  signal: 'AbortSignal',
  onHello: 'function',
}

/**
 * Gives sockets, state and lock to the successor at the other end, and waits until it is ready. Sends "commit", waits until the successor
 * reports that it serves, and sends "released". Keep serving until this resolves.
 *
 * `signal` has no effect once "commit" is sent. Then only the successor ends the handover. It reports "serving", refuses because it could
 * not begin to serve, exits, or takes longer than `readyTimeoutMs` once more.
 *
 * Time in which this process does not run (SIGSTOP, a suspended machine) does not count.
 *
 * A failure leaves everything with the predecessor, which can try again with another successor. But a successor that hangs after it got the
 * right to serve could still use that right. Kill a failed successor, and wait until it has exited, before you continue alone.
 *
 * This function owns the channel until it settles. Afterwards the channel stays open if the successor has taken over: its end tells the
 * successor that the predecessor has exited. After a failure it is closed.
 *
 * @returns how it ended. It does not reject for what the successor does, and does not wait beyond these times
 * @throws {HandoverError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM if the system does not let a descriptor travel
 */
export async function giveHandover<T = never>(
  channel: HandoverChannel,
  offer: HandoverOffer<T>,
  options: GiveOptions = {},
): Promise<HandoverResult> {
  checkOptions('giveHandover()', options, optionTypes)
  checkOffer(offer as HandoverOffer<never>)
  const { readyTimeoutMs = 60_000, signal, onHello } = options
  const start = performance.now()
  const elapsedMs = () => performance.now() - start
  let reached: 'hello' | 'state' | 'ready' | undefined
  const progress = {
    greeted(successor: Successor) {
      reached = offer.state === undefined ? 'hello' : 'state'
      onHello?.(successor)
    },
    given() {
      reached = 'hello'
    },
  }
  try {
    const successor = await readied(channel, offer, readyTimeoutMs, signal, progress)
    reached = 'ready'
    await released(channel, readyTimeoutMs)
    return { type: 'committed', successor, elapsedMs: elapsedMs() }
  } catch (error) {
    const failed = failureOf(error)
    const failure = failed?.type === 'not-ready' && reached !== undefined ? { ...failed, reached } : failed
    channel.refuse(
      failure === undefined
        ? `the predecessor failed: ${messageOf(error)}`
        : describeHandoverFailure(failure),
    )
    if (failure === undefined) throw error
    return { type: 'failed', failure, elapsedMs: elapsedMs() }
  }
}

/** How far a handover has come, for the report of a timeout. */
type Progress = {
  readonly greeted: (successor: Successor) => void
  /** Everything is given. */
  readonly given: () => void
}

/** Gives everything to a successor that becomes ready. */
async function readied<T>(
  channel: HandoverChannel,
  offer: HandoverOffer<T>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
  progress: Progress,
): Promise<Successor> {
  using limit = new Limit(timeoutMs, outer)
  return await limit.bound(give(channel, offer, limit.signal, progress))
}

/**
 * Sends "commit", waits for "serving", and sends "released". A successor can die after it was ready, and the kernel still takes "commit".
 * So only the successor's report counts. It has its own time limit, because "ready" may come at the very end of the first one.
 */
async function released(channel: HandoverChannel, timeoutMs: number): Promise<void> {
  using limit = new Limit(timeoutMs)
  // The channel has no room for this if the successor was ready before it read everything that was given.
  const isSaid = await limit.bound(channel.send('commit'))
  // A successor that has exited may have sent its reason.
  await hear(channel, 'serving', limit.signal)
  // Without a limit, because this decides and cannot be taken back. There is room, because the successor has read everything before it.
  if (!isSaid || !(await channel.send('released'))) throw new HandoverFailed({ type: 'gone' })
}

/** Gives everything, and receives "ready" from the successor. */
async function give<T>(
  channel: HandoverChannel,
  offer: HandoverOffer<T>,
  signal: AbortSignal,
  progress: Progress,
): Promise<Successor> {
  const sockets = socketsOf(offer)
  const { payload, sender } = await hear(channel, 'hello', signal)
  const hello = decodeHello(payload)
  // The pid in the message is the successor's pid in its own namespace, and could name any process.
  const successor = { pid: sender ?? hello.pid }
  progress.greeted(successor)
  const state = offer.state === undefined ? undefined : stateFor(hello, offer.state)
  const manifest: Manifest = {
    predecessor: { pid: process.pid, version: offer.version },
    sockets,
    lock: offer.lock !== undefined,
    state: state?.identity ?? null,
  }
  const begin = () => channel.send('manifest', encodeMessage(manifest), descriptorsOf(offer), signal)
  using outgoing = new OutgoingState(channel, begin)
  const giving = state === undefined ? begin() : state.give(outgoing)
  const given = giving.then((isGiven) => {
    progress.given()
    return isGiven
  })
  // This listens during the transfer, so that it notices a successor that refuses or exits before the state is sent.
  const onRead = (payload: Buffer) => outgoing.acknowledge(payload)
  // False if the successor no longer receives. Its last message has the reason.
  const [isGiven] = await Promise.all([given, hear(channel, 'ready', signal, onRead)])
  if (!isGiven) throw new HandoverFailed({ type: 'gone' })
  return successor
}

/**
 * Returns the next message of the successor, which must be of this type.
 *
 * @param onRead takes the reports of how much of the state was read
 */
async function hear(
  channel: HandoverChannel,
  expected: 'hello' | 'ready' | 'serving',
  signal: AbortSignal,
  onRead?: (payload: Buffer) => void,
): Promise<ChannelMessage> {
  let message: ChannelMessage | null = await channel.receive(signal)
  while (onRead !== undefined && message?.type === 'stateRead') {
    onRead(message.payload)
    message = await channel.receive(signal)
  }
  if (message === null) throw new HandoverFailed({ type: 'gone' })
  const { type, payload, fds } = message
  for (const fd of fds) fd.close()
  if (type === 'refused') throw new HandoverFailed({ type, reason: decodeReason(payload) })
  if (type !== expected) throw protocolError(`"${type}" comes where "${expected}" is expected`)
  return message
}

function failureOf(error: unknown): HandoverFailure | undefined {
  if (error instanceof HandoverFailed) return error.failure
  if (!(error instanceof HandoverError)) return undefined
  if (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_HANDOVER_FD_LOST')
    return { type: 'protocol', error }
  return error.code === 'ERR_CHANNEL_CLOSED' ? { type: 'aborted' } : undefined
}

/** Combines a time limit and the caller's signal into one signal. Its reason is a {@link HandoverFailed}. */
class Limit implements Disposable {
  readonly #controller = new AbortController()
  readonly #timer: RunningTimer
  readonly #outer: AbortSignal | undefined
  readonly #aborted: Promise<never>

  constructor(timeoutMs: number, outer?: AbortSignal) {
    this.#aborted = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
    })
    this.#aborted.catch(() => {})
    this.#timer = new RunningTimer(timeoutMs, () => this.#end({ type: 'not-ready', timeoutMs }))
    this.#outer = outer
    outer?.addEventListener('abort', this.#abort, { once: true })
    if (outer?.aborted) this.#abort()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Bounds a promise that does not look at the signal itself: items that do not arrive, a successor that does not read. */
  bound<R>(promise: Promise<R>): Promise<R> {
    return Promise.race([promise, this.#aborted])
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#outer?.removeEventListener('abort', this.#abort)
  }

  readonly #abort = () => this.#end({ type: 'aborted' })

  #end(failure: HandoverFailure): void {
    this.#controller.abort(new HandoverFailed(failure))
  }
}
