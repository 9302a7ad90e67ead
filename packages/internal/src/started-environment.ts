import { readProc } from './read-proc.ts'

/** Variables by their names, as bytes. A name is latin1 here: one character is one byte. */
export type Environment = ReadonlyMap<string, Buffer>

/** Node removes these from `process.env`: the IPC channel of fork(), and the number of a cluster worker. */
const ofThisProcess = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID']

/**
 * Reads the environment that this process was started with, except for Node's own variables. `process.env` differs: `--env-file`, dotenv
 * and the program change it. Without /proc this uses `process.env` as it is at the first look.
 *
 * @param told the environment as `NAME=VALUE`, where a shell that became this process has passed it on
 */
export function startedEnvironment(told?: readonly Buffer[]): Environment {
  const entries =
    told ??
    readProc('environ') ??
    Object.entries(process.env).map(([name, value]) => Buffer.from(`${name}=${value}`))
  const variables = environmentOf(entries)
  for (const name of ofThisProcess) variables.delete(name)
  return variables
}

/** The first of two entries with one name counts, as it does for getenv(3). */
function environmentOf(entries: Iterable<Buffer>): Map<string, Buffer> {
  const variables = new Map<string, Buffer>()
  for (const entry of entries) {
    const end = entry.indexOf('=')
    const name = entry.subarray(0, end).toString('latin1')
    if (end > 0 && !variables.has(name)) variables.set(name, entry.subarray(end + 1))
  }
  return variables
}
