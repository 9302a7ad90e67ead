import { handoverVariable, launcherVariable, rustVariables } from '../descriptor-variables.ts'

type Place = Pick<NodeJS.Process, 'env' | 'pid' | 'ppid' | 'execArgv'> & { connected?: boolean | undefined }

/** The variables of a generation. The parent of a process with one of these expects it to be a generation. */
const generationVariables = [handoverVariable, launcherVariable, rustVariables.notify]

/** Reports whether this process must launch the service, because the exit of the first process counts as the end of the service. */
export function startsAsLauncher(asked: boolean | undefined, place: Place = process): boolean {
  const { env, pid, ppid, execArgv, connected } = place
  if (generationVariables.some((name) => env[name] !== undefined)) return false
  if (asked !== undefined) return asked
  // The kernel ends all processes of a pid namespace, a container, with its first (pid_namespaces(7)).
  if (pid === 1) return true
  // A service manager learns the new main process by MAINPID (sd_notify(3)), and gives sockets to one process only.
  if (env.NOTIFY_SOCKET !== undefined || Number(env.LISTEN_PID) === pid) return false
  // The init of a container (tini, catatonit) exits with its child. systemd is not such an init: it sets INVOCATION_ID.
  if (ppid === 1 && env.INVOCATION_ID === undefined) return true
  // npm, pnpm and yarn wait for their script, and set its name. An empty name means nothing.
  if (env.npm_lifecycle_event) return true
  // `node --run` also waits for its script.
  if (env.NODE_RUN_SCRIPT_NAME) return true
  // tsx runs us as its child, and preloads its own module.
  if (execArgv.some((argument) => /[/]tsx[/]dist[/]preflight\.cjs$/.test(argument))) return true
  // nodemon, `node --watch`, pm2 or another parent has forked us with an IPC channel.
  return connected === true
}
