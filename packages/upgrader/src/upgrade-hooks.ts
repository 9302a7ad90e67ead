import { asError, type Timeout, withTimeout } from '@shellflip/internal'
import type { FlipEvent } from './flip-events.ts'
import type { UpgradeHooks } from './flip-options.ts'
import type { UpgradeFailure } from './outcome.ts'

type Limit = { readonly timeoutMs: number; readonly signal: AbortSignal }

/** @returns why the upgrade fails, if the hook prevents it */
export async function runBeforeUpgrade(
  { beforeUpgrade }: UpgradeHooks,
  limit: Limit,
): Promise<UpgradeFailure | undefined> {
  try {
    await withTimeout(hookLimit(limit), async (signal) => beforeUpgrade?.({ signal }))
    return undefined
  } catch (error) {
    if (limit.signal.aborted) return { type: 'aborted' }
    return { type: 'hook', error: asError(error) }
  }
}

/** Undoes what the hook before an upgrade has done. Also after an abort: the undo has its own time, and no more than that. */
export function runUpgradeFailed(
  { upgradeFailed }: UpgradeHooks,
  failure: UpgradeFailure,
  limit: Limit,
  emit: (event: FlipEvent) => void,
): Promise<void> {
  return runHook('upgradeFailed', emit, () =>
    withTimeout(hookLimit(limit), async () => upgradeFailed?.(failure)),
  )
}

export function runUpgraded(
  { upgraded }: UpgradeHooks,
  pid: number,
  emit: (event: FlipEvent) => void,
): Promise<void> {
  return runHook('upgraded', emit, () => upgraded?.({ pid }))
}

/** Runs a hook that cannot change the outcome any more. */
async function runHook(
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

/** Limits a hook to the time that a successor may take. A hook that ignores its signal is left behind. */
function hookLimit({ timeoutMs, signal }: Limit): Timeout {
  return { timeoutMs, signal, late: () => new Error(`it did not finish within ${timeoutMs} ms`) }
}
