import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateFolderFault } from '@shellflip/internal'
import { SupervisorControlError } from './supervisor-control-error.ts'

/** Returns the variable that names the runtime folder: `MY_APP_RUNTIME_DIR` for the program `my-app`. */
function folderVariable(program: string): string {
  return `${program.toUpperCase().replaceAll('-', '_')}_RUNTIME_DIR`
}

/** Returns where the supervisors of a program and this user are found: one folder for each, called by its name or its pid. */
export function runtimeFolder(program: string, env: NodeJS.ProcessEnv = process.env): string {
  const { [folderVariable(program)]: given, XDG_RUNTIME_DIR } = env
  if (given) return given
  const uid = process.geteuid?.()
  if (uid === 0) return join('/run', program)
  if (XDG_RUNTIME_DIR) return join(XDG_RUNTIME_DIR, program)
  return join(tmpdir(), `${program}-${uid}`)
}

/**
 * Creates the runtime folder, or checks the existing one. Only we and root can put files into it.
 *
 * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER
 */
export function makeRuntimeFolder(program: string): string {
  return checkedFolder(program, true)
}

/**
 * Returns the runtime folder, or undefined if it does not exist. Do not read, trust or remove anything in it before this check.
 *
 * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER if another user could have put files there
 */
export function findRuntimeFolder(program: string): string | undefined {
  try {
    return checkedFolder(program, false)
  } catch (error) {
    if (isMissing((error as SupervisorControlError).cause)) return undefined
    throw error
  }
}

function checkedFolder(program: string, make: boolean): string {
  const path = runtimeFolder(program)
  const refuse = (why: string, cause?: unknown) => refusal(program, path, why, cause)
  const fault = faultOf(path, make, refuse)
  if (fault === undefined) return path
  throw refuse(fault)
}

type Refuse = (why: string, cause?: unknown) => SupervisorControlError

function faultOf(path: string, make: boolean, refuse: Refuse): string | undefined {
  try {
    return privateFolderFault(path, { make })
  } catch (cause) {
    throw refuse((cause as Error).message, cause)
  }
}

function refusal(program: string, path: string, why: string, cause?: unknown): SupervisorControlError {
  const sentence = why.endsWith('.') ? why.slice(0, -1) : why
  const hint = `Set ${folderVariable(program)} or XDG_RUNTIME_DIR to a folder of your own`
  return new SupervisorControlError(
    'ERR_RUNTIME_FOLDER',
    `the runtime folder ${path} cannot be trusted: ${sentence}. ${hint}`,
    { cause },
  )
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
}
