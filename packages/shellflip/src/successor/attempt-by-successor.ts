import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type OwnedFd, type PidWatch, watchPid } from '@shellflip/fd-passing'
import { giveHandover, HandoverChannel, type HandoverFailure } from '@shellflip/handover'
import type { Attempt, AttemptUpgrade, UpgradeResult } from '../attempt.ts'
import type { UpgradeFailure } from '../outcome.ts'
import { within } from '../within.ts'
import { type StartSuccessor, type SuccessorProcess, starterGone } from './successor-process.ts'

/**
 * Starts a successor and hands over to it. If that fails nothing of it is left: it is dead and reaped, with all that
 * it has started.
 */
export function attemptBySuccessor(startSuccessor: StartSuccessor): AttemptUpgrade {
  return (attempt) => attemptWith(startSuccessor, attempt)
}

async function attemptWith(startSuccessor: StartSuccessor, attempt: Attempt): Promise<UpgradeResult> {
  const { channel, remote } = HandoverChannel.pair()
  const successor = await start(attempt, startSuccessor, remote)
  if ('failure' in successor) {
    channel.close()
    // What the one that is gone may have started finds nobody at its end of this channel, and ends.
    return isStarterGone(successor.failure) ? attemptWith(startSuccessor, attempt) : successor
  }
  attempt.onStarted(successor.pid)
  const dead = new AbortController()
  void successor.exited.then(() => dead.abort())
  const { offer, readyTimeoutMs, atOnce } = attempt
  const kill = () => void successor.kill()
  atOnce.addEventListener('abort', kill)
  let patience: NodeJS.Timeout | undefined
  const losePatience = () => {
    patience ??= setTimeout(() => channel.close(), lastWordsMs)
  }
  // After the commit only the answer counts: of who is dead it may never come, though another process holds the channel.
  let life: PidWatch | undefined
  attempt.signal.addEventListener('abort', losePatience)
  try {
    life = watchPid(successor.pid, losePatience)
    const signal = AbortSignal.any([attempt.signal, dead.signal])
    const result = await giveHandover(channel, offer, { readyTimeoutMs, signal })
    if (result.type === 'failed') {
      const failure = await failureOf(result.failure, successor, attempt.signal)
      await end(successor, atOnce)
      return { type: 'failed', failure }
    }
  } catch (error) {
    channel.close()
    await end(successor, atOnce)
    throw error
  } finally {
    atOnce.removeEventListener('abort', kill)
    attempt.signal.removeEventListener('abort', losePatience)
    life?.close()
    clearTimeout(patience)
  }
  // It serves, whatever becomes of this.
  await Promise.resolve(successor.leave()).catch(() => {})
  return { type: 'committed', pid: successor.pid, channel }
}

/** How long a successor that was refused, or refuses, may take to remove what it has made, in milliseconds. Then it is killed. */
const partingMs = 500

async function end(successor: SuccessorProcess, atOnce: AbortSignal): Promise<void> {
  const limit = delay(partingMs, undefined, { ref: false, signal: atOnce }).catch(() => {})
  await Promise.race([successor.exited, limit])
  await successor.kill()
}

/** Not longer than a successor may take: the launcher that starts it may stand still. */
async function start(
  { command, env, readyTimeoutMs: timeoutMs, signal }: Attempt,
  startSuccessor: StartSuccessor,
  remote: OwnedFd,
): Promise<SuccessorProcess | { type: 'failed'; failure: UpgradeFailure }> {
  const tooLate = new Error(`it was not started within ${timeoutMs} ms`)
  const starting = startSuccessor(command, env, remote)
  try {
    return await within({ timeoutMs, signal, late: () => tooLate }, () => starting)
  } catch (error) {
    // One that is started all the same is not wanted any more.
    starting.then((successor) => successor.kill()).catch(() => {})
    if (signal.aborted) return { type: 'failed', failure: { type: 'aborted' } }
    if (error === tooLate) return { type: 'failed', failure: { type: 'not-ready', timeoutMs } }
    const { code = 'ERR_UNKNOWN', message } = error as NodeJS.ErrnoException
    // The system says ENOENT of the program where it means the working directory.
    const what = existsSync(command.cwd) ? message : `there is no working directory ${command.cwd}`
    return { type: 'failed', failure: { type: 'cannot-start', code, message: what } }
  } finally {
    remote.close()
  }
}

function isStarterGone(failure: UpgradeFailure): boolean {
  return failure.type === 'cannot-start' && failure.code === starterGone
}

/**
 * How long is waited for what a successor that cannot serve any more may still tell. A process that ends is seen by its
 * channel a moment before its exit status is; one whose channel somebody on the way has closed, as sudo does, has yet to
 * start before it can say why.
 */
const lastWordsMs = 5_000

async function failureOf(
  failure: HandoverFailure,
  successor: SuccessorProcess,
  asked: AbortSignal,
): Promise<UpgradeFailure> {
  if (failure.type === 'aborted' && asked.aborted) return failure
  if (failure.type !== 'gone' && failure.type !== 'aborted') return failure
  const limit = delay(lastWordsMs, undefined, { ref: false, signal: asked }).catch(() => undefined)
  const exit = await Promise.race([successor.exited, limit])
  if (exit === undefined && asked.aborted) return { type: 'aborted' }
  return { type: 'exited', ...(exit ?? (await successor.kill())) }
}
