import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

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
  if (file.includes('/')) return requireExecutable(within(cwd, file))
  const folders = (path ?? '/usr/bin:/bin').split(delimiter).map((folder) => within(cwd, folder))
  const found = folders.map((folder) => join(folder, file)).filter((candidate) => isThere(candidate))
  const [first] = found
  if (first === undefined) throw new LaunchError('ENOENT', `no ${file} in PATH`)
  return found.find((candidate) => isExecutable(candidate)) ?? requireExecutable(first)
}

/** Unlike resolve(), this leaves a relative `cwd` relative: Node cannot write the name of a directory that is not UTF-8. */
function within(cwd: string, path: string): string {
  return isAbsolute(path) ? path : join(cwd, path)
}

function requireFolder(cwd: string): void {
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LaunchError('ENOENT', `the working directory ${cwd} does not exist`)
  }
}

function requireExecutable(file: string): string {
  if (isExecutable(file)) return file
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new LaunchError('ENOENT', `no ${file}`)
  if (!found.isFile()) throw new LaunchError('EACCES', `${file} is no file`)
  throw new LaunchError('EACCES', `${file} is not executable (chmod +x it?)`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** What is in a folder that this user cannot search is not there for us. */
function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
