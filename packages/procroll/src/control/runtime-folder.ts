import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProcrollError } from '../procroll-error.ts'

/** Where the supervisors of this user are found: one folder for each, called by its name or its pid. */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { PROCROLL_RUNTIME_DIR, XDG_RUNTIME_DIR } = env
  if (PROCROLL_RUNTIME_DIR) return PROCROLL_RUNTIME_DIR
  const uid = process.geteuid?.()
  if (uid === 0) return '/run/procroll'
  if (XDG_RUNTIME_DIR) return join(XDG_RUNTIME_DIR, 'procroll')
  return join(tmpdir(), `procroll-${uid}`)
}

/**
 * Makes the folder, or a folder in it, so that nobody else can reach the sockets in it, or put one there.
 *
 * @throws ProcrollError `ERR_RUNTIME_FOLDER`
 */
export function makePrivateFolder(path: string): void {
  const refuse = (why: string, cause?: unknown) =>
    new ProcrollError(
      'ERR_RUNTIME_FOLDER',
      `no control socket can stand in ${path}: ${why}. Choose another place: --control-socket /run/app/control.sock`,
      { cause },
    )
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw refuse((error as NodeJS.ErrnoException).code ?? String(error), error)
  }
  const { uid, mode } = lstatSync(path)
  if ((mode & 0o170_000) !== 0o040_000) throw refuse('it is no folder')
  if (uid !== process.geteuid?.()) throw refuse(`it belongs to the user ${uid}`)
  if ((mode & 0o077) !== 0) throw refuse(`others can enter it (chmod 700 ${path})`)
}
