import { dup, type OwnedFd, socketpair, UnixSocket, writeNow } from '@shellflip/fd-passing'
import type { LaunchCommand } from '../command/launch-command.ts'
import { handoverVariable } from '../descriptor-variables.ts'
import type { StartSuccessor, SuccessorProcess } from '../start/successor-process.ts'
import {
  type BootConditions,
  bootConditions,
  changedCondition,
  changedSince,
  identitiesOf,
  mayEnter,
} from './boot-conditions.ts'
import { isOfOldRelease } from './old-release.ts'
import { preloads, preparedCommand, preparedNode } from './prepared-command.ts'

/** What a process has found at its boot. It writes this when it waits. */
type Boot = {
  /** The files of the library that it has loaded. */
  readonly files: readonly string[]
  /** The path of the program's script, which Node has made absolute. */
  readonly script: string | undefined
}

/** What is known before the boot. */
type Before = {
  readonly conditions: BootConditions
  /** The identities of the library's main files. A folder that was replaced has other files, which are not newer. */
  readonly library: string
  readonly atMs: number
}

/** Limits that answer, in characters. It has the paths of all files of the library. */
const longestAnswer = 256 * 1024

/** A Node process that boots, and then waits for the upgrade. It has one socket besides its standard streams, and the other end is here. */
export class PreparedProcess {
  readonly process: SuccessorProcess
  /** Resolves when it waits. False means that it never will: it exits, or is not what was started. */
  readonly booted: Promise<boolean>
  readonly #socket: UnixSocket
  readonly #before: Before
  /** Without identities if a file was changed while it was loaded. */
  #boot: (Boot & { readonly identities: string | undefined }) | undefined

  /**
   * Starts one.
   *
   * @param library the file of the library that the program imports
   * @throws {Error} as {@link StartSuccessor}
   */
  static async start(
    command: LaunchCommand,
    start: StartSuccessor,
    library: string,
  ): Promise<PreparedProcess> {
    const [own, remote] = socketpair('stream')
    let socket: UnixSocket | undefined
    try {
      socket = UnixSocket.adopt(own, { passCredentials: true }).unref()
      const before = {
        conditions: bootConditions(command),
        library: identitiesOf([library, preparedNode()]),
        atMs: Date.now(),
      }
      writeNow(socket.fd, line(preloads(command) ? {} : { library }))
      const process = await start(preparedCommand(command), [{ fd: remote, variable: handoverVariable }])
      process.unref()
      return new PreparedProcess(process, socket, library, before)
    } catch (error) {
      socket?.close()
      // Without effect once the socket owns it.
      own.close()
      throw error
    } finally {
      remote.close()
    }
  }

  private constructor(process: SuccessorProcess, socket: UnixSocket, library: string, before: Before) {
    this.process = process
    this.#socket = socket
    this.#before = before
    this.booted = this.#answer(library)
  }

  /** Returns why the program would run otherwise than after a fresh start, or undefined. */
  fault(command: LaunchCommand): string | undefined {
    if (this.#boot === undefined) return 'it has not booted yet'
    const { files, script, identities } = this.#boot
    if (identities === undefined || identitiesOf(files) !== identities)
      return 'a file of the library has changed'
    // Worker threads repeat the --require of the process.
    if (isOfOldRelease(preparedNode(), [String(command.cwd), script]))
      return 'it has loaded shellflip from the folder of the old release'
    // Node has made a relative path of the script absolute at its boot. Any other script is found when it runs.
    const isFixed = script !== undefined && !command.args.some((argument) => String(argument) === script)
    const changed = changedCondition(this.#before.conditions, bootConditions(command), isFixed)
    if (changed !== undefined) return `${changed} has changed`
    return mayEnter(command.cwd) ? undefined : 'the working directory cannot be entered'
  }

  /**
   * Lets it run the program.
   *
   * @returns our end of its socket, which is the handover channel from now on
   * @throws {FdPassingError} ERR_SYSTEM if it has exited (EPIPE)
   */
  wake({ cwd }: LaunchCommand): OwnedFd {
    const channel = dup(this.#socket.fd)
    try {
      writeNow(channel.fd, line({ cwd }))
      return channel
    } catch (error) {
      channel.close()
      throw error
    } finally {
      this.#socket.close()
    }
  }

  /** Releases what belongs to a process that has exited. */
  close(): void {
    this.#socket.close()
  }

  /** Ends it. Resolves when it is reaped. */
  async end(): Promise<void> {
    this.close()
    await this.process.kill()
  }

  async #answer(library: string): Promise<boolean> {
    try {
      let text = ''
      while (!text.endsWith('\n')) {
        const arrival = await this.#socket.receive()
        if (arrival === null || text.length > longestAnswer) return false
        text += arrival.data.toString()
      }
      const boot = JSON.parse(text) as Boot
      const files = [...boot.files, preparedNode()]
      const isMixed =
        identitiesOf([library, preparedNode()]) !== this.#before.library ||
        changedSince(files, this.#before.atMs)
      this.#boot = { ...boot, files, identities: isMixed ? undefined : identitiesOf(files) }
      return true
    } catch {
      // It is not what was started, or this side has closed the socket.
      return false
    }
  }
}

function line(order: { library?: string; cwd?: string | Buffer }): Buffer {
  return Buffer.from(`${JSON.stringify(order)}\n`)
}
