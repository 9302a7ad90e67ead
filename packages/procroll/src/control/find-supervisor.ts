import { readdirSync } from 'node:fs'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { ProcrollError, usageError } from '../procroll-error.ts'
import { findRuntimeFolder, runtimeFolder } from './runtime-folder.ts'
import { type PlaceOptions, parseName, placeInRuntimeFolder } from './supervisor-place.ts'

/**
 * Finds the control socket of a supervisor, by its name or its control socket. Without either, it takes the only supervisor.
 *
 * @throws {ProcrollError} ERR_NO_SUPERVISOR
 * @throws {ProcrollError} ERR_RUNTIME_FOLDER
 * @throws {ProcrollError} ERR_USAGE if there are several to choose from
 */
export async function findControlSocket({ name, controlSocket }: PlaceOptions): Promise<string> {
  if (name === undefined && controlSocket !== undefined) {
    if (isUnixPathBound(controlSocket)) return controlSocket
    throw new ProcrollError(
      'ERR_NO_SUPERVISOR',
      `no supervisor is running at ${controlSocket}. Check the path`,
    )
  }
  const wanted = name === undefined ? undefined : parseName(name)
  const live = liveSupervisors()
  const [first, ...others] = wanted === undefined ? live : live.filter((label) => label === wanted)
  if (first === undefined) throw nobodyThere(wanted, live)
  if (others.length === 0) return placeInRuntimeFolder(first).controlSocket
  throw usageError(
    `${live.length} supervisors are running: ${live.join(', ')}. Choose one, for example: --name ${first}`,
  )
}

function nobodyThere(wanted: string | undefined, live: readonly string[]): ProcrollError {
  const which = wanted === undefined ? '' : ` named "${wanted}"`
  const known = live.length === 0 ? `none in ${runtimeFolder()}` : `running: ${live.join(', ')}`
  return new ProcrollError('ERR_NO_SUPERVISOR', `no supervisor${which} is running (${known})`)
}

/** Lists the names, or pids, of the supervisors of this user that are running. */
export function liveSupervisors(): string[] {
  const folder = findRuntimeFolder()
  if (folder === undefined) return []
  return labelsIn(folder).filter((label) => isUnixPathBound(placeInRuntimeFolder(label).controlSocket))
}

/** Returns the supervisors that have a folder, alive or not. The runtime folder was checked before. */
export function labelsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
