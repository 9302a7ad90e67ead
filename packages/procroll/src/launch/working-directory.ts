import { existsSync, type Stats, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { usageError } from '../procroll-error.ts'

/**
 * The working directory as the user named it: $PWD keeps a symlink such as `current`, which process.cwd() has
 * resolved. Generations start in what stands under that name at *their* start.
 *
 * @returns `.` where the name is not UTF-8: Node cannot write it, so generations inherit the directory
 * @throws ProcrollError `ERR_USAGE` where there is none any more
 */
export function workingDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const resolved = currentDirectory()
  if (!existsSync(resolved)) return '.'
  const { PWD } = env
  if (PWD === undefined || !isAbsolute(PWD)) return resolved
  return isSameFile(statSync(PWD, { throwIfNoEntry: false }), statSync(resolved)) ? PWD : resolved
}

function currentDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw usageError('the working directory no longer exists: cd to another one, then try again', { cause })
  }
}

function isSameFile(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.dev === other.dev && one.ino === other.ino
}
