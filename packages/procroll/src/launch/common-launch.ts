import { type Bytes, showBytes } from '@shellflip/internal'
import type { GenerationCommand } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import type { Start } from './start.ts'
import { isRelative, type LaunchDirectory } from './working-directory.ts'

/** What all generations have in common: everything but their words. */
export type CommonLaunch = Omit<GenerationCommand, 'file' | 'args'>

/** @param chdir the value of --chdir, after which PWD changes as well */
export function commonLaunch(
  { env, rawEnv, openFiles }: Start,
  { path }: LaunchDirectory,
  chdir: Bytes | undefined,
): CommonLaunch {
  return {
    env: chdir === undefined ? env : { ...env, PWD: path },
    rawEnv,
    cwd: path,
    ...(openFiles === undefined ? {} : { openFiles }),
  }
}

/** A service manager sets no PWD: a symlink in its WorkingDirectory= is lost to us, and a deploy that moves it would do nothing. */
export function warnOfResolved(directory: LaunchDirectory, words: readonly Bytes[], logger: Logger): void {
  const hasManager = process.env.NOTIFY_SOCKET !== undefined || process.env.INVOCATION_ID !== undefined
  if (!directory.isResolved || !hasManager || !isRelative(words, directory.path)) return
  logger.log(
    'WARN',
    'the working directory is known without its symlinks: give --chdir if a deploy moves one',
    { directory: showBytes(directory.path) },
  )
}
