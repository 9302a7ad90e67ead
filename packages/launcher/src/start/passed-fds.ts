import type { EnvironmentChanges } from '../command/environment.ts'
import type { PassedFd } from './successor-process.ts'

/** The first passed descriptor. It equals SD_LISTEN_FDS_START. */
export const firstFd = 3

/** Returns the variables that carry the numbers of the passed descriptors. */
export function variablesOf(passed: readonly PassedFd[], places: readonly number[]): EnvironmentChanges {
  const numbers = passed.flatMap(({ variable }, index) =>
    variable === undefined ? [] : [[variable, String(places[index])]],
  )
  return Object.fromEntries(numbers)
}
