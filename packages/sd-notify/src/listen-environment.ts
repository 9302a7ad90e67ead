import { show } from '@shellflip/internal'
import { invalid } from './check-argument.ts'
import { SdNotifyError } from './errors.ts'
import { fields } from './fields.ts'

/**
 * Returns the environment for a child that gets listening sockets at fd 3 and up, named in that order (sd_listen_fds(3)).
 *
 * `LISTEN_PID` must be the child's own pid, which only exists once the child runs. `spawnProcess({ listenPid: true })` of
 * @shellflip/fd-passing sets it. So does `sh -c 'LISTEN_PID=$$ exec "$@"' sh command…`.
 *
 * @throws {SdNotifyError} ERR_INVALID_ARGUMENT if the variable cannot carry a name: it is empty, longer than 255 characters, or holds `:`
 *   or a character that is not printable ASCII
 */
export function listenEnvironment(names: readonly string[]): { LISTEN_FDS: string; LISTEN_FDNAMES: string } {
  if (!Array.isArray(names))
    throw invalid(`the names of listening sockets must be an array, not ${show(names)}`)
  for (const name of names) {
    if (typeof name !== 'string' || fields.fdName.decode(name) === undefined) {
      throw new SdNotifyError(
        'ERR_INVALID_ARGUMENT',
        `the name of a listening socket must be ${fields.fdName.rule}, not ${show(name)}`,
      )
    }
  }
  return { LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') }
}
