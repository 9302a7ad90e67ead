import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { SuccessorOptions } from '@shellflip/launcher'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import type { LockFile } from './admit-upgrade.ts'
import { checkGivenOptions, checkNormalizedOptions } from './check-flip-options.ts'
import type { FlipEvent } from './flip-events.ts'
import type { UpgradeFailure } from './outcome.ts'

/** Hooks of the predecessor around an upgrade. Each may be async. */
export type UpgradeHooks = {
  /** Runs before the successor starts. If it throws, or does not end within the ready timeout, the upgrade has failed. */
  beforeUpgrade?: (context: { signal: AbortSignal }) => unknown
  /** Undoes `beforeUpgrade`. It runs exactly once for every upgrade that fails after that hook was called. */
  upgradeFailed?: (failure: UpgradeFailure) => unknown
  /** Runs when the successor has taken over. */
  upgraded?: (successor: { pid: number }) => unknown
}

export type FlipOptions = UpgradeHooks & {
  /**
   * The next process. `'successor'` is a process that this one starts. `'fd-store'` is the next instance: systemd starts it after this
   * process has exited, and it finds sockets and state in systemd's fd store. `'rust-successor'` is a process that this one starts too, and
   * that uses the Rust crate shellflip. Name its program in `successor`. Open connections stay here and drain. It cannot be started by a
   * launcher.
   * @default 'successor'
   */
  handover?: 'successor' | 'fd-store' | 'rust-successor'
  /**
   * The path where `shellflip restart --socket` requests an upgrade. Only our user or root may be able to write its folder.
   * @default none
   */
  controlSocket?: string
  /**
   * Signals that request an upgrade. SIGUSR1 works only after this call, and so it is not a default. Before the call, Node opens its
   * inspector's port on that signal.
   * @default ['SIGUSR2']
   */
  upgradeSignals?: readonly NodeJS.Signals[]
  /**
   * Signals that stop the service. A second one stops it immediately. It counts as a second one 5 s after the first (SIGTERM) or 0.5 s
   * after (the others). A signal that the process sends to itself is never a second one.
   * @default ['SIGTERM', 'SIGINT']
   */
  stopSignals?: readonly NodeJS.Signals[]
  /** How long the successor may take from its start until it is ready, in milliseconds. Then it is killed. @default 60_000 */
  readyTimeoutMs?: number
  /** How long work in flight may take after an upgrade or a stop, in milliseconds. Then it is cut. @default 60_000 */
  drainTimeoutMs?: number
  /** How many older generations may drain at a time. With more, an upgrade is refused. @default 3 */
  maxDraining?: number
  /** Stops this process after a failed upgrade, instead of serving on. @default false */
  exitOnError?: boolean
  /** The version of this program, for people. @default 'unknown' */
  version?: string
  /** Holds the pid of the process that serves. It is replaced atomically, and removed in the end. @default none */
  pidFile?: string
  /**
   * The lock that allows one upgrade at a time, across processes. If it cannot be used, upgrades are refused.
   * @default the control socket's path and `.lock`. Where that cannot be used (after `setuid()`, on a read-only disk), upgrades continue
   *   without it
   */
  lockFile?: string
  successor?: SuccessorOptions
  /**
   * Keeps a booted Node ready while this process alone serves. It loads this library, and the program only at the upgrade, which is then
   * several times faster. It costs the memory of one more Node process. Where it would differ from a fresh start, the upgrade makes a
   * fresh start, and an event has the reason.
   * @default false
   */
  prepareSuccessor?: boolean
  /**
   * Makes the first process a launcher, for places where its exit counts as the end of the service. `shellflip()` never resolves in the
   * launcher, and every generation is its child. It starts each one with its own command, environment and privileges, and with the `successor`
   * of the version that started first. It passes signals on to the generation that serves. It exits as the last generation does: with its
   * exit status, or 128 and the signal's number. The code before `shellflip()` also runs in the launcher, imports first, and that costs
   * memory. An IPC channel then belongs to the launcher and not to the service. The launcher sends `ready` when the first generation is
   * ready, and takes the message `shutdown` as a stop.
   * @default true as PID 1 of a container, as the child of its init, in a script of npm, pnpm, yarn or `node --run`, under tsx, and where
   *   the parent has forked us with an IPC channel (nodemon, `node --watch`). There `false` means that the upgrade ends the waiting
   *   process. Elsewhere false, and where a service manager tracks the main process (NOTIFY_SOCKET)
   */
  launcher?: boolean
  /**
   * Decodes the bytes of a predecessor that uses the Rust crate shellflip, by its pipe or from the fd store. The result becomes `flip.state`.
   * @default reads those of the pipe as `state`, and discards those of the fd store
   */
  fromRust?: (bytes: Readable) => unknown
  onEvent?: (event: FlipEvent) => void
}

/** Bytes of the application for a service of the Rust crate. A string is UTF-8. */
export type RustBytes =
  | Uint8Array
  | string
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>

/** Takes over no state. */
export type WithoutState = FlipOptions & { state?: undefined; save?: undefined; toRust?: undefined }

/**
 * State of one value. `save` is called when the successor has started, and `flip.state` is its result. The type of the state comes from the
 * schema alone: a literal that `save` returns may need `as const`.
 */
export type WithState<T> = FlipOptions & {
  state: StateDefinition<T>
  save: () => NoInfer<T>
  /** Encodes the state as the bytes that a successor of the Rust crate reads. @default writes it as `state` */
  toRust?: (state: NoInfer<T>) => RustBytes
}

/** State of any number of items. `flip.state` yields them, and must be read to its end before `ready()`. */
export type WithStateStream<T> = FlipOptions & {
  state: StateStreamDefinition<T>
  save: () => Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>
  /** Encodes the items as the bytes that a successor of the Rust crate reads. @default writes them as `state` */
  toRust?: (items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>) => RustBytes
}

export type AnyFlipOptions = FlipOptions & {
  state?: StateDefinition<unknown> | StateStreamDefinition<unknown> | undefined
  save?: (() => unknown) | undefined
  toRust?: ((state: never) => RustBytes) | undefined
}

const defaults = {
  handover: 'successor',
  upgradeSignals: ['SIGUSR2'],
  stopSignals: ['SIGTERM', 'SIGINT'],
  readyTimeoutMs: 60_000,
  drainTimeoutMs: 60_000,
  maxDraining: 3,
  exitOnError: false,
  prepareSuccessor: false,
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
    upgradeSignals: [...new Set(normalized.upgradeSignals)],
    stopSignals: [...new Set(normalized.stopSignals)],
    ...(controlSocket === undefined ? {} : { controlSocket: resolve(controlSocket) }),
    ...(lockPath === undefined
      ? {}
      : { lock: { path: resolve(lockPath), required: lockFile !== undefined } }),
    ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
  }
}
