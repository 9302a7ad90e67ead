import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** A command that cannot be executed, told before anything is spawned: a shell in between would only say 127. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError'
  /** ENOENT or EACCES, as execve(2) would say. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Finds what execvp(3) would execute; throws a `LaunchError` where it would fail. */
export function findExecutable(file: string, path: string | undefined, cwd: string): string {
  requireFolder(cwd)
  const candidates = file.includes('/')
    ? [resolve(cwd, file)]
    : (path ?? '/usr/bin:/bin').split(delimiter).map((folder) => join(resolve(cwd, folder), file))
  let denied: string | undefined
  for (const candidate of candidates) {
    const verdict = judge(candidate)
    if (verdict === 'executable') return candidate
    if (verdict === 'denied') denied ??= candidate
  }
  if (denied !== undefined) throw new LaunchError('EACCES', `${denied} is not executable (chmod +x it?)`)
  throw new LaunchError('ENOENT', `no ${file} ${file.includes('/') ? `in ${cwd}` : 'in PATH'}`)
}

function requireFolder(cwd: string): void {
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LaunchError('ENOENT', `the working directory ${cwd} does not exist`)
  }
}

function judge(path: string): 'executable' | 'denied' | 'missing' {
  try {
    if (!statSync(path).isFile()) return 'denied'
    accessSync(path, constants.X_OK)
    return 'executable'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'denied' : 'missing'
  }
}
