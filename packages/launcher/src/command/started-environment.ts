import { readProc } from '@shellflip/internal'
import { handoverVariable, launcherVariable, rustVariables } from '../descriptor-variables.ts'
import { type Environment, environmentOf } from './environment.ts'

/** Variables meant for one process. A successor that needs one of them gets its own value. */
const forOneProcess = new Set([
  // sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3): `ManagerLink` passes on what a successor needs.
  'LISTEN_PID',
  'LISTEN_PIDFDID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  'FDSTORE',
  // Node removes these from `process.env`: the IPC channel of fork(), and the number of a cluster worker.
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  // Ours, and those of the Rust crate shellflip.
  handoverVariable,
  launcherVariable,
  ...Object.values(rustVariables),
])

/**
 * Reads the environment that this process was started with. `process.env` differs: `--env-file`, dotenv and the program change it, and a
 * restart would not know about that. Without /proc this uses `process.env` as it is at the first look.
 */
export function startedEnvironment(): Environment {
  const entries =
    readProc('environ') ?? Object.entries(process.env).map(([name, value]) => Buffer.from(`${name}=${value}`))
  const all = [...environmentOf(entries)]
  return new Map(all.filter(([name]) => !forOneProcess.has(name)))
}
