import { write } from 'node:fs'
import { promisify } from 'node:util'
import { memfd, type OwnedFd } from '@shellflip/fd-passing'
import type { OfferedSocket, OfferedState } from '@shellflip/handover'
import type { Notifier } from '@shellflip/sd-notify'
import { ShellflipError } from '../shellflip-error.ts'
import { kinds } from '../sockets/socket-key.ts'
import { storedName } from './stored-name.ts'

const writeFd = promisify(write)

/**
 * systemd's fd store (FileDescriptorStoreMax=): what lies in it outlives this process, and comes back to the next instance
 * by LISTEN_FDS. The manager keeps what it gives out, so each name is stored once, and again only if it has changed.
 */
export class FdStore {
  readonly #notifier: Notifier
  readonly #max: number
  /** How many descriptors of each key lie there. */
  readonly #stored: Map<string, number>

  /**
   * @param stored the keys of what the last instance has left
   * @throws {ShellflipError} ERR_NO_FD_STORE
   */
  static open(notifier: Notifier, env: NodeJS.ProcessEnv, stored: readonly string[]): FdStore {
    const max = Number(env.FDSTORE)
    if (notifier.hasManager && max > 0) return new FdStore(notifier, max, stored)
    throw new ShellflipError(
      'ERR_NO_FD_STORE',
      'the service manager keeps no descriptors for this process (it has no FDSTORE in its environment): set ' +
        'FileDescriptorStoreMax= and NotifyAccess= in the unit, under systemd 254 or later',
    )
  }

  private constructor(notifier: Notifier, max: number, stored: readonly string[]) {
    this.#notifier = notifier
    this.#max = max
    this.#stored = new Map()
    for (const key of stored) this.#stored.set(key, (this.#stored.get(key) ?? 0) + 1)
  }

  /**
   * Keeps these sockets, and of those that lie there no others: should this process crash, they are there.
   *
   * @throws {ShellflipError} ERR_NO_FD_STORE if there are more than the store takes, with a state besides
   */
  async keepSockets(sockets: readonly OfferedSocket[]): Promise<void> {
    const wanted = new Map<string, OwnedFd[]>()
    for (const { name, fd } of sockets) wanted.set(name, [...(wanted.get(name) ?? []), fd])
    if (sockets.length + 1 > this.#max) {
      throw new ShellflipError(
        'ERR_NO_FD_STORE',
        `FileDescriptorStoreMax=${this.#max} is too few for ${sockets.length} sockets and the state: systemd would ` +
          'close what is beyond it',
      )
    }
    for (const key of this.#stored.keys()) {
      if (!wanted.has(key) && !key.startsWith(kinds.state)) await this.#remove(key)
    }
    for (const [key, fds] of wanted) {
      if (this.#stored.get(key) !== fds.length) await this.#store(key, fds)
    }
  }

  /** Of a state that was taken over, nothing may be there when this process crashes: it would come back from the past. */
  async dropState(): Promise<void> {
    for (const key of this.#stored.keys()) if (key.startsWith(kinds.state)) await this.#remove(key)
  }

  /**
   * Writes the state into a new memfd, whole, and only then puts it in the place of the one that lies there.
   *
   * @throws what the state's definition refuses, or the system
   */
  async saveState(state: OfferedState<unknown>): Promise<void> {
    const { name } = state.definition
    const fd = memfd(`shellflip-state-${name}`)
    try {
      const chunks =
        'items' in state
          ? state.definition.encode(state.items as Iterable<unknown>)
          : state.definition.encode(state.value)
      for await (const chunk of chunks) await writeAll(fd.fd, chunk)
      await this.#store(kinds.state + name, [fd])
    } finally {
      fd.close()
    }
  }

  /** Resolves when the manager has all of it: what is sent by a process that is gone may be dropped. */
  async settled(): Promise<void> {
    const outcome = await this.#notifier.barrier()
    if (outcome.type === 'failed') throw outcome.error
  }

  /** Unpolled: systemd drops what reports EPOLLHUP or EPOLLERR, as a UDP socket does for a mere ICMP error. */
  async #store(key: string, fds: readonly OwnedFd[]): Promise<void> {
    const outcome = await this.#notifier.storeFd(storedName(key), fds, { poll: false })
    if (outcome.type === 'failed') throw outcome.error
    this.#stored.set(key, fds.length)
  }

  async #remove(key: string): Promise<void> {
    const outcome = await this.#notifier.removeFd(storedName(key))
    if (outcome.type === 'failed') throw outcome.error
    this.#stored.delete(key)
  }
}

async function writeAll(fd: number, chunk: Buffer): Promise<void> {
  for (let rest = chunk; rest.length > 0; ) {
    const { bytesWritten } = await writeFd(fd, rest)
    rest = rest.subarray(bytesWritten)
  }
}
