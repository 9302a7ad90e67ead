import { readdirSync } from 'node:fs'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { ProcrollError, usageError } from '../procroll-error.ts'
import { runtimeFolder } from './runtime-folder.ts'
import { type PlaceOptions, parseName, placeInRuntimeFolder } from './supervisor-place.ts'

/** Lists the names, or pids, of the supervisors of this user that are running. */
export function liveSupervisors(): string[] {
  return foldersIn(runtimeFolder()).filter((label) =>
    isUnixPathBound(placeInRuntimeFolder(label).controlSocket),
  )
}

/**
 * The control socket of the supervisor that is meant: by name, by control socket, or the only one there is.
 *
 * @throws ProcrollError `ERR_NO_SUPERVISOR`, or `ERR_USAGE` where there are several to choose from
 */
export async function findControlSocket({ name, controlSocket }: PlaceOptions): Promise<string> {
  const path = name === undefined ? controlSocket : placeInRuntimeFolder(parseName(name)).controlSocket
  if (path !== undefined) {
    if (isUnixPathBound(path)) return path
    throw nobodyThere(name === undefined ? `at ${path}` : `named "${name}"`)
  }
  const [first, ...others] = liveSupervisors()
  if (first === undefined) throw nobodyThere('')
  if (others.length === 0) return placeInRuntimeFolder(first).controlSocket
  throw usageError(
    `${others.length + 1} supervisors are running: ${[first, ...others].join(', ')}. Choose one, for example: --name ${first}`,
  )
}

function nobodyThere(which: string): ProcrollError {
  const here = liveSupervisors()
  const known = here.length === 0 ? `none in ${runtimeFolder()}` : `running: ${here.join(', ')}`
  return new ProcrollError(
    'ERR_NO_SUPERVISOR',
    `no supervisor ${which ? `${which} ` : ''}is running (${known})`,
  )
}

export function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return []
    throw error
  }
}
