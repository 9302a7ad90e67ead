import { type Bytes, showBytes } from '@shellflip/internal'
import type { GenerationCommand } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import type { Start } from './start.ts'
import { isRelative, type LaunchDirectory } from './working-directory.ts'

/** Holds the parts that all generations share: everything except their words. */
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

/**
 * Warns that a deploy by symlink may have no effect. Shells set PWD, but systemd, cron and containers do not. Then procroll cannot see a
 * symlink in the path of the working directory, and a deploy that moves it would do nothing. A container (PID 1) gets a new image
 * instead.
 */
export function warnOfResolved(directory: LaunchDirectory, words: readonly Bytes[], logger: Logger): void {
  if (!directory.isResolved || process.pid === 1 || !isRelative(words, directory.path)) return
  logger.log('WARN', 'cannot see the symlinks of the working directory. Give --chdir if a deploy moves one', {
    directory: showBytes(directory.path),
  })
}
