import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateFolderFault } from '@shellflip/internal'
import { ProcrollError } from '../procroll-error.ts'

const HINT =
  'Set PROCROLL_RUNTIME_DIR or XDG_RUNTIME_DIR to a folder of your own, or use --control-socket /run/app/control.sock'

/** Returns where the supervisors of this user are found: one folder for each, called by its name or its pid. */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { PROCROLL_RUNTIME_DIR, XDG_RUNTIME_DIR } = env
  if (PROCROLL_RUNTIME_DIR) return PROCROLL_RUNTIME_DIR
  const uid = process.geteuid?.()
  if (uid === 0) return '/run/procroll'
  if (XDG_RUNTIME_DIR) return join(XDG_RUNTIME_DIR, 'procroll')
  return join(tmpdir(), `procroll-${uid}`)
}

/**
 * Creates the runtime folder, or checks the existing one. Only we and root can put files into it.
 *
 * @throws {ProcrollError} ERR_RUNTIME_FOLDER
 */
export function makeRuntimeFolder(): string {
  return checkedFolder(runtimeFolder(), true)
}

/**
 * Returns the runtime folder, or undefined if it does not exist. Do not read, trust or remove anything in it before this check.
 *
 * @throws {ProcrollError} ERR_RUNTIME_FOLDER if another user could have put files there
 */
export function findRuntimeFolder(): string | undefined {
  try {
    return checkedFolder(runtimeFolder(), false)
  } catch (error) {
    if (isMissing((error as ProcrollError).cause)) return undefined
    throw error
  }
}

function checkedFolder(path: string, make: boolean): string {
  const fault = faultOf(path, make)
  if (fault === undefined) return path
  throw refusal(path, fault)
}

function faultOf(path: string, make: boolean): string | undefined {
  try {
    return privateFolderFault(path, { make })
  } catch (cause) {
    throw refusal(path, (cause as Error).message, cause)
  }
}

function refusal(path: string, why: string, cause?: unknown): ProcrollError {
  const sentence = why.endsWith('.') ? why.slice(0, -1) : why
  return new ProcrollError(
    'ERR_RUNTIME_FOLDER',
    `the runtime folder ${path} cannot be trusted: ${sentence}. ${HINT}`,
    { cause },
  )
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
}
