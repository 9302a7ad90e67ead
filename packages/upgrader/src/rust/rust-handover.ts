import { closeAll, type OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { storedName } from '@shellflip/fd-store'
import {
  type GiveOptions,
  type HandoverOffer,
  type HandoverResult,
  type OfferedFd,
  socketKinds,
} from '@shellflip/handover'
import { type PassedFd, rustVariables } from '@shellflip/launcher'
import type { MoveConnections } from '@shellflip/shutdown-coordination'
import type { UpgradeLock } from '@shellflip/upgrade-lock'
import { releaseLock } from '../admit-upgrade.ts'
import type { ServingSuccessor } from '../carrier/serving-successor.ts'
import type { SuccessorHandover } from '../carrier/successor-handover.ts'
import { giveToRust } from './give-to-rust.ts'
import { type ToRust, writeState } from './write-state.ts'

/** The descriptors that a service of the crate can use. The others are for a successor of this library. */
const passedKinds = [socketKinds.bound, socketKinds.activated, socketKinds.other]

/**
 * A handover to a service of the Rust crate shellflip. It inherits the sockets as a service manager would pass them, reads the state to its
 * end, and writes one byte when it is ready.
 *
 * Where the crate has pipes, these are socket pairs. They work in the same way, and the kernel attests which process wrote the byte.
 */
export class RustHandover implements SuccessorHandover {
  readonly passed: readonly PassedFd[]
  readonly variables: Readonly<Record<string, string>>
  readonly #notify: UnixSocket
  readonly #pipe: UnixSocket
  readonly #inherited: readonly OwnedFd[]
  readonly #state: HandoverOffer<unknown>['state']
  readonly #toRust: ToRust | undefined

  constructor({ sockets, state }: HandoverOffer<unknown>, toRust: ToRust | undefined) {
    const listeners = sockets.filter(({ name }) => passedKinds.some((kind) => name.startsWith(kind)))
    const [[notify, remoteNotify], [pipe, remotePipe]] = twoPairs()
    this.#notify = UnixSocket.adopt(notify, { passCredentials: process.platform === 'linux' })
    this.#pipe = UnixSocket.adopt(pipe)
    this.#inherited = [remoteNotify, remotePipe]
    this.#state = state
    this.#toRust = toRust
    this.passed = [
      ...listeners.map(({ fd }) => ({ fd })),
      { fd: remoteNotify, variable: rustVariables.notify },
      { fd: remotePipe, variable: rustVariables.handover },
      ...sockets
        .filter(({ name }) => name === socketKinds.control)
        .map(({ fd }) => ({ fd, variable: rustVariables.control })),
    ]
    this.variables = listenVariables(listeners)
  }

  closePassed(): void {
    closeAll(this.#inherited)
  }

  async give(options: GiveOptions): Promise<HandoverResult> {
    const result = await giveToRust(
      this.#notify,
      (signal) => writeState(this.#pipe, this.#state, this.#toRust, signal),
      options,
    )
    this.close()
    return result
  }

  close(): void {
    this.#notify.close()
    this.#pipe.close()
  }

  successor(pid: number): ServingSuccessor {
    return new RustSuccessor(pid)
  }
}

/** Opens both pairs, or keeps none: the system may lack descriptors for the second one. */
function twoPairs(): [notify: [OwnedFd, OwnedFd], pipe: [OwnedFd, OwnedFd]] {
  const first = socketpair('stream')
  try {
    return [first, socketpair('stream')]
  } catch (error) {
    closeAll(first)
    throw error
  }
}

/** Names the sockets as sd_listen_fds(3) does. The first process that reads "auto" replaces it by its own pid, as the crate does. */
function listenVariables(listeners: readonly OfferedFd[]): Record<string, string> {
  return {
    LISTEN_PID: 'auto',
    LISTEN_FDS: String(listeners.length),
    LISTEN_FDNAMES: listeners.map(({ name }) => passedName(name)).join(':'),
  }
}

/** Returns the name that the next process finds. A socket of a service manager keeps the manager's name. */
function passedName(key: string): string {
  return key.startsWith(socketKinds.activated) ? key.slice(socketKinds.activated.length) : storedName(key)
}

/** A process of the crate. It takes no open connection and no lock, and its exit is not noticed. */
class RustSuccessor implements ServingSuccessor {
  readonly pid: number

  constructor(pid: number) {
    this.pid = pid
  }

  mover(): MoveConnections | undefined {
    return undefined
  }

  leaveLock(lock: UpgradeLock | undefined): void {
    releaseLock(lock)
  }

  /** Leaves the sockets of the older generations open until this process exits. The service may have had further successors by then. */
  gone(): Promise<void> {
    return new Promise(() => {})
  }
}
