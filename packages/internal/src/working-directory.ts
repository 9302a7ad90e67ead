import { readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { textOr } from './bytes.ts'

/** The working directory of this process. `typed` keeps the symlinks that `real` has resolved. */
export type WorkingDirectory = {
  /** Undefined if the folder is gone, and nobody has said its name. */
  readonly typed: string | Buffer | undefined
  readonly real: string | undefined
}

/**
 * Finds the working directory. PWD is the shell's path, with symlinks as they were typed. The kernel's path has all symlinks resolved.
 * Only PWD names a folder that is gone, and a deploy may create it again.
 *
 * @param pwd the variable PWD of this process
 */
export function workingDirectory(pwd: Buffer | undefined): WorkingDirectory {
  const real = realDirectory()
  const isOurs =
    pwd !== undefined &&
    isAbsolute(pwd.toString('latin1')) &&
    (real === undefined || realPathOf(pwd)?.equals(real) === true)
  const directory = isOurs ? pwd : real
  return { typed: directory && textOr(directory), real: real?.toString() }
}

function realDirectory(): Buffer | undefined {
  try {
    const cwd = process.cwd()
    return isLossy(cwd) ? bytesOf(cwd) : Buffer.from(cwd)
  } catch {
    return undefined
  }
}

/** Node puts U+FFFD where the bytes are not UTF-8. */
function isLossy(cwd: string): boolean {
  return cwd.includes('\u{fffd}')
}

function bytesOf(cwd: string): Buffer {
  try {
    return Buffer.from(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }))
  } catch {
    return Buffer.from(cwd)
  }
}

/** The file system of Yarn Plug'n'Play ignores `encoding` and returns a string. */
function realPathOf(path: Buffer): Buffer | undefined {
  try {
    return Buffer.from(realpathSync(path, { encoding: 'buffer' }))
  } catch {
    return undefined
  }
}
