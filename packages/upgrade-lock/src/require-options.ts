import { checkOptionTypes, type OptionTypes, show } from '@shellflip/internal/check-options'
import type { LockPath } from './upgrade-lock.ts'
import { UpgradeLockError } from './upgrade-lock-error.ts'

/**
 * Throws for an option that a function does not have, for a value of a wrong type, and without a path.
 *
 * @throws {@link UpgradeLockError} ERR_INVALID_ARGUMENT
 */
export function requireOptions(what: string, options: LockPath, more: OptionTypes = {}): void {
  const fault = checkOptionTypes(what, options, { path: 'string', ...more }) ?? pathFault(what, options)
  if (fault !== undefined) throw new UpgradeLockError('ERR_INVALID_ARGUMENT', fault)
}

function pathFault(what: string, { path }: LockPath): string | undefined {
  if (path !== undefined && path !== '') return undefined
  return `${what}: path must be the path of the lock file, not ${show(path)}.`
}
