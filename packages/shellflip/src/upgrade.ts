import type { HandoverChannel } from '@shellflip/handover'
import type { FlipEvent } from './flip-events.ts'
import type { UpgradeHooks } from './flip-options.ts'
import type { UpgradeFailure } from './outcome.ts'
import { type Attempt, attemptUpgrade } from './successor/attempt-upgrade.ts'

export type Upgrade = Omit<Attempt, 'onStarted'> & {
  readonly hooks: UpgradeHooks
  readonly emit: (event: FlipEvent) => void
}

export type UpgradeResult =
  | { type: 'committed'; pid: number; channel: HandoverChannel }
  | { type: 'failed'; failure: UpgradeFailure }

/** One upgrade, from the first hook to the commit or to the undo, which comes once for every way to fail. */
export async function upgrade({ hooks, emit, ...attempt }: Upgrade): Promise<UpgradeResult> {
  const result = await tryUpgrade(hooks, emit, attempt)
  if (result.type === 'failed') {
    await soften('upgradeFailed', emit, () => hooks.upgradeFailed?.(result.failure))
  }
  return result
}

/** For a hook that cannot change the outcome any more. */
export async function soften(
  hook: 'upgradeFailed' | 'upgraded',
  emit: (event: FlipEvent) => void,
  run: () => unknown,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    emit({ type: 'hook-failed', hook, error })
  }
}

async function tryUpgrade(
  { beforeUpgrade }: UpgradeHooks,
  emit: (event: FlipEvent) => void,
  attempt: Omit<Attempt, 'onStarted'>,
): Promise<UpgradeResult> {
  try {
    await bounded(attempt, async (signal) => beforeUpgrade?.({ signal }))
  } catch (error) {
    if (attempt.signal.aborted) return { type: 'failed', failure: { type: 'aborted' } }
    return { type: 'failed', failure: { type: 'hook', error: asError(error) } }
  }
  return attemptUpgrade({ ...attempt, onStarted: (pid) => emit({ type: 'successor-started', pid }) })
}

/** Not longer than a successor may take: a hook that does not look at its signal is left behind. */
function bounded(
  { readyTimeoutMs, signal: asked }: Pick<Attempt, 'readyTimeoutMs' | 'signal'>,
  run: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(
    () => late.abort(new Error(`it did not end within ${readyTimeoutMs} ms`)),
    readyTimeoutMs,
  )
  const signal = AbortSignal.any([asked, late.signal])
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) reject(signal.reason)
    run(signal).then(() => resolve(), reject)
  }).finally(() => clearTimeout(timer))
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
