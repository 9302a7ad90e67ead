import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { LaunchOptions } from '@shellflip/launcher'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import type { LockFile } from './admit-upgrade.ts'
import { checkGivenOptions, checkNormalizedOptions } from './check-flip-options.ts'
import type { FlipEvent } from './flip-events.ts'
import type { UpgradeFailure } from './outcome.ts'

/** What is done around an upgrade, in the predecessor. Each may be async. */
export type UpgradeHooks = {
  /** Before the successor is started. If it throws, or does not end within the ready timeout, the upgrade has failed. */
  beforeUpgrade?: (context: { signal: AbortSignal }) => unknown
  /** Undoes what `beforeUpgrade` did: exactly once for every upgrade that fails after that hook was called. */
  upgradeFailed?: (failure: UpgradeFailure) => unknown
  /** When the successor has taken over. */
  upgraded?: (successor: { pid: number }) => unknown
}

export type FlipOptions = UpgradeHooks & {
  /**
   * Who takes over: a successor that this process starts, or the next instance, which systemd starts when this process
   * has ended, and which finds sockets and state in systemd's fd store. @default 'successor'
   */
  handover?: 'successor' | 'fd-store'
  /**
   * Where `shellflip restart --socket` asks for an upgrade: a path in a folder that only we, or root, can write.
   * @default none
   */
  controlSocket?: string
  /**
   * What asks for an upgrade. SIGUSR1 works only from this call on: before it, Node opens its inspector's port on that
   * signal, and so it is no default. @default ['SIGUSR2']
   */
  signals?: readonly NodeJS.Signals[]
  /**
   * Signals that stop the service. A second one stops it immediately: SIGTERM after 5 s, the others after 0.5 s. A signal that
   * the process sends to itself is never a second one. @default ['SIGTERM', 'SIGINT']
   */
  stopSignals?: readonly NodeJS.Signals[]
  /** How long the successor may take from its start until it is ready, in milliseconds. Then it is killed. @default 60_000 */
  readyTimeoutMs?: number
  /** How long work under way may take after an upgrade or a stop, in milliseconds. Then it is cut. @default 60_000 */
  drainDeadlineMs?: number
  /** How many older generations may drain at a time; with more, an upgrade is refused. @default 3 */
  maxDraining?: number
  /** Ends this process after an upgrade that failed, instead of serving on. @default false */
  exitOnError?: boolean
  /** The version of this program, for people. @default 'unknown' */
  version?: string
  /** Holds the pid of the process that serves; replaced atomically, removed in the end. @default none */
  pidFile?: string
  /**
   * The lock that lets one upgrade at a time happen, across processes. If it cannot be used, upgrades are refused.
   * @default the control socket's path and `.lock`; where that cannot be used (after `setuid()`, on a read-only disk), upgrades go without
   */
  lockFile?: string
  launch?: LaunchOptions
  /**
   * For places where somebody takes the end of the first process for the end of the service. It becomes a launcher there:
   * `shellflip()` never resolves in it, and every generation is its child: started by its command, with its environment
   * and its privileges, and with `launch` as the version says that was started first. It passes on signals to the
   * generation that serves, and ends as the last one does: with its exit status, or 128 and the signal's number. What
   * stands before `shellflip()` runs in it too, imports first: that memory is the price. An IPC channel is the launcher's then,
   * and not the service's: it sends `ready` when the first generation is ready, and takes the message `shutdown` for a stop.
   *
   * @default true as PID 1 of a container, as the child of its init, in a script of npm, pnpm, yarn or `node --run`, under tsx, and
   *   where the parent has forked us with an IPC channel (nodemon, `node --watch`); there `false` means that the upgrade ends
   *   what waits. false elsewhere, and where a service manager is told the main process (NOTIFY_SOCKET)
   */
  launcher?: boolean
  /**
   * Understands the bytes of a service of the Rust crate shellflip that starts this program as its successor; what it
   * returns becomes `flip.state`. @default they are read as `state`
   */
  fromRust?: (bytes: Readable) => unknown
  onEvent?: (event: FlipEvent) => void
}

/** Takes over no state. */
export type WithoutState = FlipOptions & { state?: undefined; save?: undefined }

/**
 * State of one value. `save` is called when the successor has started, and `flip.state` is what it returned. The schema
 * alone gives the type of the state: a literal that `save` returns may need `as const`.
 */
export type WithState<T> = FlipOptions & { state: StateDefinition<T>; save: () => NoInfer<T> }

/** State of any number of items. `flip.state` yields them; it must be read to its end before `ready()`. */
export type WithStateStream<T> = FlipOptions & {
  state: StateStreamDefinition<T>
  save: () => Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>
}

export type AnyFlipOptions = FlipOptions & {
  state?: StateDefinition<unknown> | StateStreamDefinition<unknown> | undefined
  save?: (() => unknown) | undefined
}

const defaults = {
  handover: 'successor',
  signals: ['SIGUSR2'],
  stopSignals: ['SIGTERM', 'SIGINT'],
  readyTimeoutMs: 60_000,
  drainDeadlineMs: 60_000,
  maxDraining: 3,
  exitOnError: false,
  version: 'unknown',
} as const

export type NormalizedOptions = AnyFlipOptions & {
  [Name in keyof typeof defaults]-?: NonNullable<AnyFlipOptions[Name & keyof AnyFlipOptions]>
} & { readonly lock?: LockFile }

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function normalizeOptions(options: AnyFlipOptions): NormalizedOptions {
  checkGivenOptions(options)
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const normalized = { ...defaults, ...given } as NormalizedOptions
  checkNormalizedOptions(normalized)
  const { controlSocket, lockFile, pidFile } = normalized
  const lockPath = lockFile ?? (controlSocket && `${controlSocket}.lock`)
  return {
    ...normalized,
    // A signal that is named twice would be handled twice.
    signals: [...new Set(normalized.signals)],
    stopSignals: [...new Set(normalized.stopSignals)],
    ...(controlSocket === undefined ? {} : { controlSocket: resolve(controlSocket) }),
    ...(lockPath === undefined
      ? {}
      : { lock: { path: resolve(lockPath), required: lockFile !== undefined } }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
  }
}
