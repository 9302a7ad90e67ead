import { handoverVariable, launcherVariable } from '../descriptor-variables.ts'

type Place = Pick<NodeJS.Process, 'env' | 'pid' | 'ppid' | 'execArgv'> & { connected?: boolean | undefined }

/** Whoever started a process that has one of these expects it to be a generation. */
const generationVariables = [handoverVariable, launcherVariable, 'OXY_NOTIFY_SOCKET']

/** Whether this process shall launch the service, since somebody takes the end of the first process for its end. */
export function startsAsLauncher(asked: boolean | undefined, place: Place = process): boolean {
  const { env, pid, ppid, execArgv, connected } = place
  if (generationVariables.some((name) => env[name] !== undefined)) return false
  if (asked !== undefined) return asked
  // The kernel ends all processes of a pid namespace, a container, with its first (pid_namespaces(7)).
  if (pid === 1) return true
  // A service manager learns the new main process by MAINPID (sd_notify(3)), and gives sockets to one process only.
  if (env.NOTIFY_SOCKET !== undefined || Number(env.LISTEN_PID) === pid) return false
  // The init of a container (tini, catatonit) ends with its child. systemd is no such init: it sets INVOCATION_ID.
  if (ppid === 1 && env.INVOCATION_ID === undefined) return true
  // npm, pnpm and yarn wait for their script, and tell it its name. An empty one tells nothing.
  if (env.npm_lifecycle_event) return true
  // `node --run` waits for its script as well.
  if (env.NODE_RUN_SCRIPT_NAME) return true
  // tsx runs us as its child, which it knows by a module of its own.
  if (execArgv.some((argument) => /[/]tsx[/]dist[/]preflight\.cjs$/.test(argument))) return true
  // nodemon, `node --watch`, pm2 and whoever else has forked us with an IPC channel.
  return connected === true
}
