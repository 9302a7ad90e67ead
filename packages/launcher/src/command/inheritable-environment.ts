import { type Environment, startedEnvironment } from '@shellflip/internal'
import {
  handoverVariable,
  launcherVariable,
  preparedVariable,
  rustVariables,
} from '../descriptor-variables.ts'

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
  // Ours, and those of the Rust crate shellflip.
  handoverVariable,
  launcherVariable,
  ...Object.values(rustVariables),
])

/** Reads the environment that this process was started with, as a restart would pass it to a successor. */
export function inheritableEnvironment(): Environment {
  return new Map([...unprepared(startedEnvironment())].filter(([name]) => !forOneProcess.has(name)))
}

/** Returns what a fresh start has, where this process was a prepared one. */
function unprepared(started: Environment): Environment {
  const nodeOptions = started.get(preparedVariable)
  if (nodeOptions === undefined) return started
  const variables = new Map(started)
  variables.delete(preparedVariable)
  if (nodeOptions.length === 0) variables.delete('NODE_OPTIONS')
  else variables.set('NODE_OPTIONS', nodeOptions)
  return variables
}
