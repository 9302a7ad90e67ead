import { closeAll, type Message, type UnixSocket } from '@shellflip/fd-passing'
import {
  type GiveOptions,
  HandoverError,
  type HandoverFailure,
  type HandoverResult,
} from '@shellflip/handover'
import { asError, RunningTimer, wholeTurn } from '@shellflip/internal'

/** The byte by which the successor reports that it is ready. */
const readyByte = '1'.charCodeAt(0)

/** Reports how a handover failed, where an error must. */
class Failed extends Error {
  readonly failure: HandoverFailure

  constructor(failure: HandoverFailure) {
    super(failure.type)
    this.failure = failure
  }
}

/**
 * Gives the state, and waits for the byte. The byte commits, whatever became of the state: the successor serves from then on, and gets no
 * answer. A process that dies together with its byte does not serve.
 *
 * @param write gives the state, and resolves when the successor has it all or wants no more. The byte aborts it
 */
export async function giveToRust(
  notify: UnixSocket,
  write: (signal: AbortSignal) => Promise<void>,
  { readyTimeoutMs: timeoutMs = 60_000, signal: outer, onHello }: GiveOptions,
): Promise<HandoverResult> {
  const start = performance.now()
  const elapsedMs = () => performance.now() - start
  const waiting = new AbortController()
  const writing = new AbortController()
  let reached: 'state' | 'given' = 'state'
  const fail = (failure: HandoverFailure) => waiting.abort(new Failed(failure))
  const abort = () => fail({ type: 'aborted' })
  using _ = new RunningTimer(timeoutMs, () => fail({ type: 'not-ready', timeoutMs, reached }))
  outer?.addEventListener('abort', abort, { once: true })
  if (outer?.aborted) abort()
  write(writing.signal).then(
    () => {
      reached = 'given'
    },
    (error: unknown) => fail({ type: 'state', error: asError(error) }),
  )
  try {
    const pid = await heard(notify, waiting.signal)
    writing.abort()
    onHello?.({ pid })
    await wholeTurn()
    if (outer?.aborted) throw new Failed({ type: 'aborted' })
    return { type: 'committed', successor: { pid }, elapsedMs: elapsedMs() }
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return { type: 'failed', failure: error.failure, elapsedMs: elapsedMs() }
  } finally {
    writing.abort()
    outer?.removeEventListener('abort', abort)
  }
}

/** Waits for the byte. @returns the pid of the process that wrote it. 0 where the system does not attest it */
async function heard(notify: UnixSocket, signal: AbortSignal): Promise<number> {
  const message = await notify.receive({ signal }).catch(() => {
    if (signal.aborted) return lastMessage(notify, signal.reason)
    throw new Failed({ type: 'gone' })
  })
  if (message === null) throw new Failed({ type: 'gone' })
  closeAll(message.fds)
  if (message.data[0] === readyByte) return message.credentials?.pid ?? 0
  const text = `the successor wrote ${JSON.stringify(message.data.toString('latin1'))} where "1" is expected`
  throw new Failed({ type: 'protocol', error: new HandoverError('ERR_PROTOCOL', text) })
}

/**
 * Returns the message that is queued when this process gives up. A successor that has written its byte serves already. Throws `reason` if
 * nothing is queued, or if the handover is aborted, because the successor may be dead then.
 */
function lastMessage(notify: UnixSocket, reason: Failed): Message {
  const message = reason.failure.type === 'aborted' ? undefined : queuedAt(notify)
  if (message) return message
  throw reason
}

function queuedAt(notify: UnixSocket): Message | null | undefined {
  try {
    return notify.receiveNow()
  } catch {
    return undefined
  }
}
