import { closeAll, type UnixSocket } from '@shellflip/fd-passing'
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
 * Gives the state, and waits for the byte. The byte commits: the successor serves from then on, and gets no answer. A process that dies
 * together with its byte does not serve.
 *
 * @param write gives the state, and resolves when the successor has it all or wants no more
 */
export async function giveToRust(
  notify: UnixSocket,
  write: (signal: AbortSignal) => Promise<void>,
  { readyTimeoutMs: timeoutMs = 60_000, signal: outer, onHello }: GiveOptions,
): Promise<HandoverResult> {
  const start = performance.now()
  const elapsedMs = () => performance.now() - start
  const ended = new AbortController()
  let reached: 'state' | 'given' = 'state'
  const fail = (failure: HandoverFailure) => ended.abort(new Failed(failure))
  const abort = () => fail({ type: 'aborted' })
  using _ = new RunningTimer(timeoutMs, () => fail({ type: 'not-ready', timeoutMs, reached }))
  outer?.addEventListener('abort', abort, { once: true })
  if (outer?.aborted) abort()
  const writing = write(ended.signal).then(() => {
    reached = 'given'
  })
  try {
    const [pid] = await Promise.all([heard(notify, ended.signal), failing(writing, ended.signal)])
    onHello?.({ pid })
    await wholeTurn()
    ended.signal.throwIfAborted()
    return { type: 'committed', successor: { pid }, elapsedMs: elapsedMs() }
  } catch (error) {
    abort()
    if (!(error instanceof Failed)) throw error
    return { type: 'failed', failure: error.failure, elapsedMs: elapsedMs() }
  } finally {
    outer?.removeEventListener('abort', abort)
  }
}

/** Waits for the byte. @returns the pid of the process that wrote it. 0 where the system does not attest it */
async function heard(notify: UnixSocket, signal: AbortSignal): Promise<number> {
  const message = await notify.receive({ signal }).catch(() => {
    if (signal.aborted) throw signal.reason
    throw new Failed({ type: 'gone' })
  })
  if (message === null) throw new Failed({ type: 'gone' })
  closeAll(message.fds)
  if (message.data[0] === readyByte) return message.credentials?.pid ?? 0
  const text = `the successor wrote ${JSON.stringify(message.data.toString('latin1'))} where "1" is expected`
  throw new Failed({ type: 'protocol', error: new HandoverError('ERR_PROTOCOL', text) })
}

/** Settles as the writing does, or when it is aborted. Items of the program may never end. */
function failing(writing: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason)
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    writing.then(resolve, (error: unknown) => reject(new Failed({ type: 'state', error: asError(error) })))
  })
}
