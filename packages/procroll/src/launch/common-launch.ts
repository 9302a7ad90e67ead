import { type LogLine, line } from '@shellflip/cli/log'
import { isRelative, type LaunchDirectory, type Start } from '@shellflip/cli/start'
import { type Bytes, showBytes } from '@shellflip/internal'
import type { GenerationCommand } from '@shellflip/rolling-supervisor'

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
 * Returns the warnings about a command line that may not do what its user means.
 *
 * A deploy by symlink may have no effect. Shells set PWD, but systemd, cron and containers do not. Then procroll cannot see a symlink in
 * the path of the working directory, and a deploy that moves it would do nothing. A container (PID 1) gets a new image instead.
 *
 * @param strayFlag a flag of procroll after the command
 */
export function launchWarnings(
  directory: LaunchDirectory,
  words: readonly Bytes[],
  strayFlag: string | undefined,
): LogLine[] {
  const lines: LogLine[] = []
  if (directory.isResolved && process.pid !== 1 && isRelative(words, directory.path)) {
    lines.push(
      line('WARN', 'cannot see the symlinks of the working directory. Give --chdir if a deploy moves one', {
        directory: showBytes(directory.path),
      }),
    )
  }
  if (strayFlag !== undefined) {
    lines.push(
      line(
        'WARN',
        `${strayFlag} follows the command, so the service gets it. Put flags of procroll before the command. To silence this warning, write -- before the command.`,
      ),
    )
  }
  return lines
}
