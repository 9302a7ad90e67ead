import { type Bytes, FdPassingError, type SpawnedProcess, spawnProcess } from '@shellflip/fd-passing'
import { pathFrom } from '@shellflip/internal'
import { listenEnvironment } from '@shellflip/sd-notify'
import { executablePaths } from './executable.ts'
import { explainLaunch } from './explain-launch.ts'
import type { ProcessExit } from './failure.ts'
import { fileKind } from './interpreter.ts'
import { oomKills } from './oom-kills.ts'
import type { Launch } from './system.ts'

/**
 * Starts the program of a launch, as the leader of a new session.
 *
 * @throws {LaunchError} if the command cannot be started
 */
export function startProcess(launch: Launch, tellExit: (exit: ProcessExit) => void): SpawnedProcess {
  const killsBefore = oomKills()
  const onExit = (exit: ProcessExit) => {
    const isKilled = exit.signal === 'SIGKILL' && (oomKills() ?? 0) > (killsBefore ?? 0)
    tellExit(isKilled ? { ...exit, outOfMemory: true } : exit)
  }
  const { env, args, cwd, listen, openFiles } = launch
  const variables = {
    ...env,
    ...(listen.length === 0 ? {} : listenEnvironment(listen.map(({ name }) => name))),
  }
  const options = {
    args,
    env: [...entries(variables), ...(launch.rawEnv ?? [])],
    fds: [null, 1, 2, ...listen.map(({ fd }) => fd.fd)],
    ownSession: true,
    listenPid: listen.length > 0,
    ...(cwd === undefined ? {} : { cwd }),
    ...(openFiles === undefined ? {} : { openFiles }),
  }
  const files = executablePaths(launch.file, env.PATH)
  try {
    return spawnProcess({ ...options, file: files, argv0: launch.file }, onExit)
  } catch (error) {
    const script = scriptWithoutInterpreter(error, cwd)
    if (script === undefined) throw explainLaunch(error, launch)
    return startInShell(script)
  }

  function startInShell(script: Bytes): SpawnedProcess {
    const inShell = { ...options, file: shell, args: [script, ...args] }
    try {
      return spawnProcess(inShell, onExit)
    } catch (error) {
      throw explainLaunch(error, { ...launch, file: shell })
    }
  }
}

const shell = '/bin/sh'

/** A script without a #! line is one for /bin/sh (execvp(3)). The kernel says ENOEXEC of it, as of a program for another machine. */
function scriptWithoutInterpreter(error: unknown, cwd: Bytes = '.'): Bytes | undefined {
  if (!(error instanceof FdPassingError) || error.errno !== 'ENOEXEC' || error.path === undefined)
    return undefined
  try {
    return fileKind(pathFrom(cwd, error.path)).type === 'text' ? error.path : undefined
  } catch {
    return undefined
  }
}

function entries(env: Launch['env']): Bytes[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [entry(name, value)]))
}

function entry(name: string, value: Bytes): Bytes {
  return typeof value === 'string' ? `${name}=${value}` : Buffer.concat([Buffer.from(`${name}=`), value])
}
