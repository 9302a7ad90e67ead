import { setTimeout as delay } from 'node:timers/promises'
import { HandoverChannel, type HandoverFailure, type HandoverOffer } from '@shellflip/handover'
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
import { NodeHandover } from './node-handover.ts'
import type { OpenHandover, SuccessorHandover } from './successor-handover.ts'

export type SpawnCarrierOptions = {
  readonly startSuccessor: StartSuccessor
  /** Begins the handover in the protocol of the successor. */
  readonly open?: OpenHandover
  /** Prepares successors. Undefined where every successor is started at its upgrade. */
  readonly keeper?: SuccessorKeeper | undefined
}

/** A successor that runs, and the handover to it. */
type Started = { readonly process: SuccessorProcess; readonly handover: SuccessorHandover }

type Failed = { readonly type: 'failed'; readonly failure: UpgradeFailure }

/**
 * Starts a successor and hands over to it. A failure leaves nothing of the successor: it is dead and reaped, with everything that it
 * started.
 */
export class SpawnCarrier implements Carrier {
  /** A successor gets the sockets when it starts. */
  readonly keepers = []
  readonly #startSuccessor: StartSuccessor
  readonly #open: OpenHandover
  readonly #keeper: SuccessorKeeper | undefined

  constructor({ startSuccessor, open, keeper }: SpawnCarrierOptions) {
    this.#startSuccessor = startSuccessor
    this.#open = open ?? ((offer) => NodeHandover.open(offer))
    this.#keeper = keeper
  }

  async carry(options: CarryOptions): Promise<UpgradeResult> {
    const started = this.#wake(options.offer) ?? (await this.#start(options))
    return 'failure' in started ? started : carryTo(started, options)
  }

  stop(shutdown: Shutdown, reason: string): Promise<FlipEnd> {
    this.#keeper?.rest()
    return shutdown.stopped(reason)
  }

  keepPrepared(): void {
    this.#keeper?.keep()
  }

  #wake(offer: HandoverOffer<unknown>): Started | undefined {
    const taken = this.#keeper?.take()
    if (taken === undefined) return undefined
    return { process: taken.process, handover: new NodeHandover(offer, HandoverChannel.adopt(taken.channel)) }
  }

  async #start(options: CarryOptions): Promise<Started | Failed> {
    const handover = this.#open(options.offer)
    const started = await start(options, this.#startSuccessor, handover)
    if (!('failure' in started)) return { process: started, handover }
    handover.close()
    // The lost starter may have started a successor. That successor finds the other end of this handover closed, and exits.
    return isStarterGone(started.failure) ? this.#start(options) : started
  }
}

async function carryTo({ process, handover }: Started, options: CarryOptions): Promise<UpgradeResult> {
  options.onStarted(process.pid)
  using candidate = new Candidate(process)
  const result = await giveService(handover, candidate, options)
  if (result !== undefined) return result
  try {
    await candidate.leave()
  } catch {
    // The successor serves, so this process must not.
  }
  return { type: 'committed', successor: handover.successor(candidate.pid) }
}

/** @returns undefined if the successor serves */
async function giveService(
  handover: SuccessorHandover,
  candidate: Candidate,
  { readyTimeoutMs, signal: asked, atOnce }: CarryOptions,
): Promise<UpgradeResult | undefined> {
  const kill = () => void candidate.kill()
  atOnce.addEventListener('abort', kill)
  // After the commit only the answer counts. A dead successor may never answer, even if another process holds the channel.
  let patience: NodeJS.Timeout | undefined
  const losePatience = () => {
    patience ??= setTimeout(() => handover.close(), lastWordsMs)
  }
  const ends = [asked, candidate.gone]
  for (const end of ends) end.addEventListener('abort', losePatience)
  try {
    const result = await handover.give({
      readyTimeoutMs,
      signal: AbortSignal.any([asked, candidate.dead]),
      onHello: ({ pid }) => candidate.met(pid),
    })
    if (result.type === 'committed') return undefined
    const failure = await failureOf(result.failure, candidate, asked)
    await part(candidate, atOnce)
    return { type: 'failed', failure }
  } catch (error) {
    handover.close()
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
  { launch, readyTimeoutMs: timeoutMs, signal }: CarryOptions,
  startSuccessor: StartSuccessor,
  handover: SuccessorHandover,
): Promise<SuccessorProcess | Failed> {
  const tooLate = new Error(`it was not started within ${timeoutMs} ms`)
  const starting = (async () => startSuccessor(launch(handover.variables), handover.passed))()
  try {
    return await withTimeout({ timeoutMs, signal, late: () => tooLate }, () => starting)
  } catch (error) {
    // The successor may start after this. Then it is killed.
    starting.then((successor) => successor.kill()).catch(() => {})
    if (signal.aborted) return { type: 'failed', failure: { type: 'aborted' } }
    if (error === tooLate) return { type: 'failed', failure: { type: 'not-ready', timeoutMs } }
    const { code = 'ERR_UNKNOWN', message } = error as NodeJS.ErrnoException
    return { type: 'failed', failure: { type: 'cannot-start', code, message } }
  } finally {
    handover.closePassed()
  }
}

function isStarterGone(failure: UpgradeFailure): boolean {
  return failure.type === 'cannot-start' && failure.code === starterGone
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
