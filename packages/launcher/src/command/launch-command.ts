import { fstatSync, realpathSync } from 'node:fs'
import { delimiter, join, resolve, sep } from 'node:path'
import { isatty } from 'node:tty'
import { readProc, workingDirectory } from '@shellflip/internal'
import { LauncherError } from '../launcher-error.ts'
import { changed, type Environment, type EnvironmentChanges } from './environment.ts'
import { inheritableEnvironment } from './inheritable-environment.ts'
import { nodeOptionsWithOwnInspector, withOwnInspector } from './inspector-options.ts'
import type { SuccessorOptions } from './successor-options.ts'
import { typedArguments } from './typed-arguments.ts'

/** The command to execute. Nothing in it is resolved before the spawn, so that it follows a deploy that moves a symlink. */
export type LaunchCommand = {
  readonly file: string
  readonly args: readonly (string | Buffer)[]
  /** How many of the arguments are Node's own options. They come first. Undefined if nobody knows. */
  readonly optionCount?: number | undefined
  readonly cwd: string | Buffer
  readonly env: Environment
}

/** How this process was started. It is read before anything changes it: `chdir()`, `process.title`, `--env-file`, a deploy. */
const started = readStart()

/**
 * Returns the command that starts this program again, as its user typed it, except for what the options change.
 *
 * @param variables are set besides, and `successor.env` can change them
 * @throws {LauncherError} ERR_NOT_REPEATABLE
 */
export function launchCommand(options: SuccessorOptions, variables: EnvironmentChanges = {}): LaunchCommand {
  const { file = started.node, args = repeatable(), env = {} } = options
  const cwd = launchDirectory(options.cwd)
  const moved = options.cwd === undefined || typeof cwd !== 'string' ? {} : { PWD: cwd }
  const optionCount = options.args === undefined ? started.args?.options.length : undefined
  return { file, args, optionCount, cwd, env: changed(started.env, moved, variables, env) }
}

function repeatable(): (string | Buffer)[] {
  const { args } = started
  if (args !== undefined) return [...withOwnInspector(args.options), ...args.rest]
  throw new LauncherError(
    'ERR_NOT_REPEATABLE',
    'this program was read from standard input, which cannot be read again. Start it from a file, or name one in successor.args',
  )
}

function launchDirectory(asked: string | undefined): string | Buffer {
  const { typed } = started.cwd
  const cwd = asked === undefined ? typed : resolve(typeof typed === 'string' ? typed : sep, asked)
  if (cwd !== undefined) return cwd
  throw new LauncherError(
    'ERR_NOT_REPEATABLE',
    'the working directory of this process was removed before it started. Name one in successor.cwd',
  )
}

function readStart() {
  const env = inheritableEnvironment()
  const cwd = workingDirectory(env.get('PWD'))
  const { argv, execArgv } = process
  const raw = readProc('cmdline')?.slice(1)
  const args = typedArguments({
    argv,
    execArgv,
    raw,
    cwd,
    // Not an import, because bundlers drop `node:`, and this module does not exist without it.
    isSea: process.getBuiltinModule('node:sea').isSea(),
    isStdinEmpty: isStdinEmpty(),
  })
  const nodeOptions = env.get('NODE_OPTIONS')
  return {
    cwd,
    node: nodeAsTyped(cwd.typed, env),
    args,
    env:
      nodeOptions === undefined
        ? env
        : new Map(env).set('NODE_OPTIONS', nodeOptionsWithOwnInspector(nodeOptions)),
  }
}

/** Finds the path of Node as it was typed, or found in PATH, with its symlinks. `process.execPath` has none left. */
function nodeAsTyped(typed: string | Buffer | undefined, env: Environment): string {
  const { argv0, execPath } = process
  const cwd = typeof typed === 'string' ? typed : sep
  const candidates = argv0.includes(sep)
    ? [resolve(cwd, argv0)]
    : String(env.get('PATH') ?? '')
        .split(delimiter)
        .map((folder) => resolve(cwd, join(folder, argv0)))
  return candidates.find((candidate) => realPathOf(candidate) === execPath) ?? execPath
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/**
 * Reports whether a successor that reads stdin finds nothing, as its predecessor did. That holds under systemd, and where nothing was
 * passed.
 */
function isStdinEmpty(): boolean {
  try {
    return fstatSync(0).isCharacterDevice() && !isatty(0)
  } catch {
    return false
  }
}
