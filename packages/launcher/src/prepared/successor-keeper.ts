import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { OwnedFd } from '@shellflip/fd-passing'
import { messageOf } from '@shellflip/internal'
import type { LaunchCommand } from '../command/launch-command.ts'
import type { StartSuccessor, SuccessorProcess } from '../start/successor-process.ts'
import { unpreparable } from './prepared-command.ts'
import { PreparedProcess } from './prepared-process.ts'

export type KeeperEvent =
  /** Node has booted, and waits for the upgrade. */
  | { type: 'successor-prepared'; pid: number }
  /** No process waits. It is tried again after `retryMs`, if that is given. */
  | { type: 'successor-not-prepared'; reason: string; retryMs?: number }
  /** The upgrade starts another process, because this one would differ from a fresh start. */
  | { type: 'prepared-successor-dropped'; reason: string }

export type KeeperOptions = {
  /** Returns the command that starts a successor now. @throws {LauncherError} ERR_NOT_REPEATABLE */
  readonly launch: () => LaunchCommand
  readonly start: StartSuccessor
  /** The file of the library that the program imports. The prepared process loads it. */
  readonly library: string
  readonly onEvent: (event: KeeperEvent) => void
}

/** A prepared process that runs the program from now on, and our end of its handover channel. */
export type TakenSuccessor = { readonly process: SuccessorProcess; readonly channel: OwnedFd }

/** The service has its first second for itself. Then a second with a busy event loop puts the boot off. */
const quietMs = 1_000
const busyUtilization = 0.5
/** A service that is always busy gets its prepared process all the same, after this number of looks. */
const mostLooks = 30

const longestRetryMs = 60_000
const exitMs = 1_000
/** Memory that must be left when a process of this kind has booted, in bytes. */
const spareBytes = 128 * 1024 * 1024

/** Keeps one prepared process for the next upgrade. */
export class SuccessorKeeper {
  readonly #options: KeeperOptions
  #timer: NodeJS.Timeout | undefined
  #kept: PreparedProcess | undefined
  /** Changes with each {@link keep} and {@link rest}. A start that is under way notices it. */
  #round = 0
  #failures = 0

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Prepares a process as soon as this one is idle, and replaces it if it exits. Until {@link take} or {@link rest}. */
  keep(): void {
    if (this.#timer !== undefined || this.#kept !== undefined) return
    this.#round += 1
    this.#lookAfter(quietMs, mostLooks)
  }

  /**
   * Lets the prepared process run the program. Nothing is prepared after that until {@link keep}.
   *
   * @returns undefined if there is none, or if it would differ from a fresh start
   */
  take(): TakenSuccessor | undefined {
    const kept = this.#kept
    this.#kept = undefined
    this.rest()
    if (kept === undefined) return undefined
    try {
      const command = this.#options.launch()
      const reason = kept.fault(command) ?? unpreparable(command)
      if (reason === undefined) {
        const channel = kept.wake(command)
        this.#failures = 0
        return { process: kept.process, channel }
      }
      this.#options.onEvent({ type: 'prepared-successor-dropped', reason })
    } catch (error) {
      this.#options.onEvent({ type: 'prepared-successor-dropped', reason: messageOf(error) })
    }
    void kept.end()
    return undefined
  }

  /** Ends what is prepared, and prepares nothing. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#round += 1
    void this.#kept?.end()
    this.#kept = undefined
  }

  #lookAfter(ms: number, looks: number): void {
    const before = performance.eventLoopUtilization()
    this.#timer = setTimeout(() => {
      const { utilization } = performance.eventLoopUtilization(before)
      if (utilization > busyUtilization && looks > 0) this.#lookAfter(quietMs, looks - 1)
      else void this.#prepare()
    }, ms).unref()
  }

  async #prepare(): Promise<void> {
    const { launch, start, library } = this.#options
    const round = this.#round
    this.#timer = undefined
    if (process.availableMemory() < spareBytes) {
      this.#retry(`less than ${spareBytes / 1024 / 1024} MiB of memory are available`)
      return
    }
    try {
      const command = launch()
      const reason = unpreparable(command)
      if (reason !== undefined) {
        this.#options.onEvent({ type: 'successor-not-prepared', reason })
        return
      }
      const prepared = await PreparedProcess.start(command, start, library)
      if (round === this.#round) this.#watch(prepared)
      else void prepared.end()
    } catch (error) {
      if (round === this.#round) this.#retry(messageOf(error))
    }
  }

  #watch(prepared: PreparedProcess): void {
    this.#kept = prepared
    const { pid, exited } = prepared.process
    void exited.then(({ code, signal }) =>
      this.#lost(prepared, `it ended with ${signal ?? `status ${code}`}`),
    )
    void prepared.booted.then(async (isBooted) => {
      // A process that exits by itself has a status that tells more than our signal.
      if (!isBooted) await delay(exitMs, undefined, { ref: false })
      if (this.#kept !== prepared) return
      if (isBooted) this.#options.onEvent({ type: 'successor-prepared', pid })
      else void prepared.end()
    })
  }

  #lost(prepared: PreparedProcess, reason: string): void {
    if (this.#kept !== prepared) return
    this.#kept = undefined
    prepared.close()
    this.#retry(reason)
  }

  #retry(reason: string): void {
    const retryMs = Math.min(quietMs * 2 ** this.#failures, longestRetryMs)
    this.#failures += 1
    this.#options.onEvent({ type: 'successor-not-prepared', reason, retryMs })
    this.#lookAfter(retryMs, mostLooks)
  }
}
