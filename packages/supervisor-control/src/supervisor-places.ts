import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isUnixPathBound } from '@shellflip/fd-passing'
import { callListener, optionFault, show } from '@shellflip/internal'
import type { Supervised } from './answer.ts'
import { type ClaimedPlace, claimPlace } from './claim-place.ts'
import type { PlaceEvent } from './events.ts'
import { findRuntimeFolder, makeRuntimeFolder, runtimeFolder } from './runtime-folder.ts'
import { SupervisorControlError, throwIfFaulty } from './supervisor-control-error.ts'
import { type PlaceOptions, parseName, parseNewName, type SupervisorPlace } from './supervisor-place.ts'

/** The places at which the supervisors of one program and this user get requests. */
export class SupervisorPlaces {
  readonly #program: string

  /**
   * @param program its supervisors are found in `/run/PROGRAM` (root), `$XDG_RUNTIME_DIR/PROGRAM`, or `PROGRAM-UID` in the temporary
   * folder. The variable `PROGRAM_RUNTIME_DIR` overrides it
   * @throws {SupervisorControlError} ERR_INVALID_ARGUMENT
   */
  constructor(program: string) {
    if (typeof program !== 'string' || !/^[a-z][a-z0-9-]*$/.test(program)) {
      const rule = 'A name of a program has lower case letters, digits and dashes'
      throwIfFaulty(`new SupervisorPlaces() takes the name of a program, not ${show(program)}. ${rule}.`)
    }
    this.#program = program
  }

  /** The folder of the supervisors, whether it exists or not. */
  get folder(): string {
    return runtimeFolder(this.#program)
  }

  /** Returns the place of a supervisor in the folder, by its name or its pid. */
  inFolder(label: string): SupervisorPlace & { folder: string } {
    const folder = join(this.folder, label)
    return {
      label,
      folder,
      controlSocket: join(folder, 'control.sock'),
      record: join(folder, 'generations.json'),
    }
  }

  /**
   * Lists the names, or pids, of the supervisors that have a place in the folder, alive or not.
   *
   * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER if another user could have put files there
   */
  labels(): string[] {
    const folder = findRuntimeFolder(this.#program)
    if (folder === undefined) return []
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
  }

  /**
   * Lists the names, or pids, of the supervisors in the folder that are running.
   *
   * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER
   */
  running(): string[] {
    return this.labels().filter((label) => isUnixPathBound(this.inFolder(label).controlSocket))
  }

  /**
   * Finds the control socket of a supervisor, by its name or its control socket. Without either, it takes the only supervisor.
   *
   * @throws {SupervisorControlError} ERR_NO_SUPERVISOR
   * @throws {SupervisorControlError} ERR_SEVERAL_SUPERVISORS
   * @throws {SupervisorControlError} ERR_INVALID_NAME
   * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER
   */
  findControlSocket({ name, controlSocket }: PlaceOptions = {}): string {
    if (name === undefined && controlSocket !== undefined) {
      if (isUnixPathBound(controlSocket)) return controlSocket
      throw new SupervisorControlError(
        'ERR_NO_SUPERVISOR',
        `no supervisor is running at ${controlSocket}. Check the path`,
      )
    }
    const wanted = name === undefined ? undefined : parseName(name)
    const running = this.running()
    const [first, ...others] = wanted === undefined ? running : running.filter((label) => label === wanted)
    if (first === undefined) throw this.#noSupervisor(wanted, running)
    if (others.length === 0) return this.inFolder(first).controlSocket
    throw new SupervisorControlError(
      'ERR_SEVERAL_SUPERVISORS',
      `${running.length} supervisors are running: ${running.join(', ')}. Name one of them`,
      { supervisors: running },
    )
  }

  /**
   * Takes a name, or a control socket, and starts to answer requests to this supervisor there. Without either, the supervisor is named
   * after its pid. If that is impossible, as in a unit without a writable /run, it continues without a control socket: the event
   * `no-control-socket` has the reason.
   *
   * @throws {SupervisorControlError} ERR_INVALID_ARGUMENT
   * @throws {SupervisorControlError} ERR_INVALID_NAME
   * @throws {SupervisorControlError} ERR_NAME_IN_USE
   * @throws {SupervisorControlError} ERR_RUNTIME_FOLDER
   * @throws {SupervisorControlError} ERR_CONTROL_SOCKET
   * @throws {SupervisorControlError} ERR_SUPERVISOR_PATH_TOO_LONG
   */
  async claim(
    supervised: Supervised,
    options: PlaceOptions & { onEvent?: (event: PlaceEvent) => void } = {},
  ): Promise<ClaimedPlace | undefined> {
    throwIfFaulty(optionFault('SupervisorPlaces.claim()', options, claimOptionTypes))
    const { name, controlSocket, onEvent } = options
    if (name !== undefined) parseNewName(name)
    const claim = (place: SupervisorPlace) => claimPlace(place, supervised, onEvent)
    if (controlSocket !== undefined) return await claim(placeByControlSocket(resolve(controlSocket)))
    try {
      makeRuntimeFolder(this.#program)
      return await claim(this.inFolder(name ?? String(process.pid)))
    } catch (error) {
      if (name !== undefined) throw error
      callListener(onEvent, { type: 'no-control-socket', error: error as Error })
      return undefined
    }
  }

  #noSupervisor(wanted: string | undefined, running: readonly string[]): SupervisorControlError {
    const which = wanted === undefined ? '' : ` named "${wanted}"`
    const known = running.length === 0 ? `none in ${this.folder}` : `running: ${running.join(', ')}`
    return new SupervisorControlError('ERR_NO_SUPERVISOR', `no supervisor${which} is running (${known})`)
  }
}

const claimOptionTypes = { name: 'string', controlSocket: 'string', onEvent: 'function' } as const

function placeByControlSocket(path: string): SupervisorPlace {
  return { label: path, controlSocket: path, record: `${path}.generations.json` }
}
