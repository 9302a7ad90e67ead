import { asError, type Timeout, withTimeout } from '@shellflip/internal'
import type { Carrier, CarryOptions, UpgradeResult } from './carrier/carrier.ts'
import type { FlipEvent } from './flip-events.ts'
import type { UpgradeHooks } from './flip-options.ts'

export type Upgrade = Omit<CarryOptions, 'onStarted'> & {
  readonly carrier: Carrier
  readonly hooks: UpgradeHooks
  readonly emit: (event: FlipEvent) => void
}

/** Runs one upgrade, from the first hook to the commit or to the undo. The undo runs once for every way to fail. */
export async function upgrade(options: Upgrade): Promise<UpgradeResult> {
  const { hooks, emit, readyTimeoutMs, atOnce } = options
  const result = await tryUpgrade(options).catch(systemFailure)
  if (result.type === 'failed') {
    // Also after an abort: the undo has its own time, and no more than that.
    await runHook('upgradeFailed', emit, () =>
      withTimeout(hookLimit(readyTimeoutMs, atOnce), async () => hooks.upgradeFailed?.(result.failure)),
    )
  }
  return result
}

/** Reports an unforeseen failure, usually that no descriptor is free. This process keeps serving. */
export function systemFailure(error: unknown): UpgradeResult {
  return { type: 'failed', failure: { type: 'system', error: asError(error) } }
}

/** Runs a hook that cannot change the outcome any more. */
export async function runHook(
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

async function tryUpgrade({ carrier, hooks, emit, ...parts }: Upgrade): Promise<UpgradeResult> {
  try {
    const limit = hookLimit(parts.readyTimeoutMs, parts.signal)
    await withTimeout(limit, async (signal) => hooks.beforeUpgrade?.({ signal }))
  } catch (error) {
    if (parts.signal.aborted) return { type: 'failed', failure: { type: 'aborted' } }
    return { type: 'failed', failure: { type: 'hook', error: asError(error) } }
  }
  return carrier.carry({ ...parts, onStarted: (pid) => emit({ type: 'successor-started', pid }) })
}

/** Limits a hook to the time that a successor may take. A hook that ignores its signal is left behind. */
function hookLimit(timeoutMs: number, signal: AbortSignal): Timeout {
  return { timeoutMs, signal, late: () => new Error(`it did not finish within ${timeoutMs} ms`) }
}
