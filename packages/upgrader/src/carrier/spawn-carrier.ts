import { setTimeout as delay } from 'node:timers/promises'
import { giveHandover, HandoverChannel, type HandoverFailure } from '@shellflip/handover'
import { withTimeout } from '@shellflip/internal'
import {
  type StartSuccessor,
  type SuccessorKeeper,
  type SuccessorProcess,
  starterGone,
} from '@shellflip/launcher'
import type { FlipEnd, UpgradeFailure } from '../outcome.ts'
import type { Shutdown } from '../shutdown.ts'
import { Candidate } from './candidate.ts'
import type { Carrier, CarryOptions, UpgradeResult } from './carrier.ts'
import { lastWordsMs } from './last-words.ts'

/**
 * Starts a successor and hands over to it. A failure leaves nothing of the successor: it is dead and reaped, with everything that it
 * started.
 */
export class SpawnCarrier implements Carrier {
  /** A successor gets the sockets when it starts. */
  readonly keepers = []
  readonly #startSuccessor: StartSuccessor
  readonly #keeper: SuccessorKeeper | undefined

  /** @param keeper prepares successors. Undefined where every successor is started at its upgrade */
  constructor(startSuccessor: StartSuccessor, keeper?: SuccessorKeeper) {
    this.#startSuccessor = startSuccessor
    this.#keeper = keeper
  }

  async carry(options: CarryOptions): Promise<UpgradeResult> {
    const started = this.#takePrepared() ?? (await start(options, this.#startSuccessor))
    if ('failure' in started) return started
    const { channel, process } = started
    options.onStarted(process.pid)
    using candidate = new Candidate(process)
    const result = await giveService(channel, candidate, options)
    if (result !== undefined) return result
    try {
      await candidate.leave()
    } catch {
      // The successor serves, so this process must not.
    }
    return { type: 'committed', pid: candidate.pid, channel }
  }

  stop(shutdown: Shutdown, reason: string): Promise<FlipEnd> {
    this.#keeper?.rest()
    return shutdown.stopped(reason)
  }

  keepPrepared(): void {
    this.#keeper?.keep()
  }

  #takePrepared(): Started | undefined {
    const taken = this.#keeper?.take()
    return taken && { process: taken.process, channel: HandoverChannel.adopt(taken.channel) }
  }
}

/** A successor, and our end of the channel to it. */
type Started = { readonly process: SuccessorProcess; readonly channel: HandoverChannel }

/** @returns undefined if the successor serves */
async function giveService(
  channel: HandoverChannel,
  candidate: Candidate,
  { offer, readyTimeoutMs, signal: asked, atOnce }: CarryOptions,
): Promise<UpgradeResult | undefined> {
  const kill = () => void candidate.kill()
  atOnce.addEventListener('abort', kill)
  // After the commit only the answer counts. A dead successor may never answer, even if another process holds the channel.
  let patience: NodeJS.Timeout | undefined
  const losePatience = () => {
    patience ??= setTimeout(() => channel.close(), lastWordsMs)
  }
  const ends = [asked, candidate.gone]
  for (const end of ends) end.addEventListener('abort', losePatience)
  try {
    const result = await giveHandover(channel, offer, {
      readyTimeoutMs,
      signal: AbortSignal.any([asked, candidate.dead]),
      onHello: ({ pid }) => candidate.met(pid),
    })
    if (result.type === 'committed') return undefined
    const failure = await failureOf(result.failure, candidate, asked)
    await part(candidate, atOnce)
    return { type: 'failed', failure }
  } catch (error) {
    channel.close()
    await part(candidate, atOnce)
    throw error
  } finally {
    atOnce.removeEventListener('abort', kill)
    for (const end of ends) end.removeEventListener('abort', losePatience)
    clearTimeout(patience)
  }
}

/** How long a refused or refusing successor may take to remove what it has made, in milliseconds. Then it is killed. */
const partingMs = 500

async function part(candidate: Candidate, atOnce: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([candidate.gone, candidate.dead, atOnce])
  await delay(partingMs, undefined, { ref: false, signal }).catch(() => {})
  await candidate.kill()
}

/** Limits the start to the time that a successor may take, because the launcher that starts it may hang. */
async function start(
  options: CarryOptions,
  startSuccessor: StartSuccessor,
): Promise<Started | { type: 'failed'; failure: UpgradeFailure }> {
  const { launch, readyTimeoutMs: timeoutMs, signal } = options
  const { channel, remote } = HandoverChannel.pair()
  const tooLate = new Error(`it was not started within ${timeoutMs} ms`)
  const starting = (async () => startSuccessor(launch(), remote))()
  try {
    const process = await withTimeout({ timeoutMs, signal, late: () => tooLate }, () => starting)
    return { process, channel }
  } catch (error) {
    channel.close()
    // The successor may start after this. Then it is killed.
    starting.then((successor) => successor.kill()).catch(() => {})
    if (signal.aborted) return { type: 'failed', failure: { type: 'aborted' } }
    if (error === tooLate) return { type: 'failed', failure: { type: 'not-ready', timeoutMs } }
    const { code = 'ERR_UNKNOWN', message } = error as NodeJS.ErrnoException
    // The lost starter may have started a successor. That successor finds the other end of this channel closed, and exits.
    if (code === starterGone) return start(options, startSuccessor)
    return { type: 'failed', failure: { type: 'cannot-start', code, message } }
  } finally {
    remote.close()
  }
}

async function failureOf(
  failure: HandoverFailure,
  candidate: Candidate,
  asked: AbortSignal,
): Promise<UpgradeFailure> {
  if (failure.type === 'aborted' && asked.aborted) return failure
  if (failure.type !== 'gone' && failure.type !== 'aborted') return failure
  const exit = await candidate.exit(asked)
  if (exit === undefined && asked.aborted) return { type: 'aborted' }
  const killed = exit ?? (await candidate.kill())
  // A wrapper that outlives its service does not report how the service exited.
  const isKnown = exit !== undefined || !candidate.isWrapped
  return { type: 'exited', ...(isKnown && killed !== undefined ? killed : { code: null, signal: null }) }
}
