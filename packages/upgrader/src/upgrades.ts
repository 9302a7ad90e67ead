import { closeAll } from '@shellflip/fd-passing'
import { asError } from '@shellflip/internal'
import { launchCommand } from '@shellflip/launcher'
import type { UpgradeLock } from '@shellflip/upgrade-lock'
import { admitUpgrade, releaseLock } from './admit-upgrade.ts'
import type { CarryOptions, UpgradeResult } from './carrier/carrier.ts'
import { passOnStop } from './carrier/pass-on-stop.ts'
import type { ServingSuccessor } from './carrier/serving-successor.ts'
import type { FinalDrain } from './final-drain.ts'
import type { FlipLife } from './flip-life.ts'
import type { FlipParts } from './flip-parts.ts'
import { describeUpgradeFailure, refused, type UpgradeOutcome } from './outcome.ts'
import { prepareNext } from './prepare-next.ts'
import type { ServiceResources } from './service-resources.ts'
import type { Stopping } from './stopping.ts'
import { runBeforeUpgrade, runUpgraded, runUpgradeFailed } from './upgrade-hooks.ts'

export type UpgradesContext = {
  readonly life: FlipLife
  readonly resources: ServiceResources
  readonly stopping: Stopping
  readonly drain: FinalDrain
  /** Aborted by a second stop. It kills a successor that has not answered "commit", and ends the undo. */
  readonly atOnce: AbortSignal
}

/** Replaces this process by its next generation, one request at a time. */
export class Upgrades {
  readonly #parts: FlipParts
  readonly #context: UpgradesContext

  constructor(parts: FlipParts, context: UpgradesContext) {
    this.#parts = parts
    this.#context = context
  }

  /** Never rejects: the outcome reports a failure. */
  async request(): Promise<UpgradeOutcome> {
    const { older, options } = this.#parts
    const { refusal } = this.#context.life
    if (refusal !== undefined) return refused(refusal)
    if (older.count >= options.maxDraining) {
      return { type: 'refused', reason: 'too-many-draining', message: await older.describe() }
    }
    const admission = admitUpgrade(options.lock)
    // Nothing is awaited before the phase changes, so one of two concurrent requests is refused.
    return admission.type === 'admitted' ? this.#upgrade(admission.lock) : admission
  }

  async #upgrade(lock: UpgradeLock | undefined): Promise<UpgradeOutcome> {
    const startedAt = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAt)
    this.#context.life.happen('upgrade')
    const telling = this.#parts.manager.upgrading()
    const result = await this.#carry(lock).catch(systemFailure)
    await telling
    if (result.type === 'committed') {
      const { successor } = result
      await this.#leaveTo(successor, lock)
      return { type: 'upgraded', pid: successor.pid, elapsedMs: elapsedMs() }
    }
    if (result.type === 'stored') {
      this.#leaveInStore(lock)
      return { type: 'stored', elapsedMs: elapsedMs() }
    }
    const { failure } = result
    const message = describeUpgradeFailure(failure)
    await this.#keepServing(message, lock)
    return { type: 'failed', failure, message, elapsedMs: elapsedMs() }
  }

  async #carry(lock: UpgradeLock | undefined): Promise<UpgradeResult> {
    const { options, events } = this.#parts
    const { resources, atOnce } = this.#context
    const sockets = resources.offered()
    const state = resources.state()
    const offer = {
      version: options.version,
      sockets,
      ...(state === undefined ? {} : { state }),
      ...(lock === undefined ? {} : { lock: lock.fd }),
    }
    try {
      const result = await this.#carryOffer(offer).catch(systemFailure)
      if (result.type === 'failed') {
        const limit = { timeoutMs: options.readyTimeoutMs, signal: atOnce }
        await runUpgradeFailed(options, result.failure, limit, events.emit)
      }
      return result
    } finally {
      closeAll(sockets.map(({ fd }) => fd))
    }
  }

  async #carryOffer(offer: CarryOptions['offer']): Promise<UpgradeResult> {
    const { options, manager, carrier, events } = this.#parts
    const { readyTimeoutMs, successor = {} } = options
    const { life, atOnce } = this.#context
    const signal = life.upgradeAborted
    const failure = await runBeforeUpgrade(options, { timeoutMs: readyTimeoutMs, signal })
    if (failure !== undefined) return { type: 'failed', failure }
    return carrier.carry({
      launch: (variables) => launchCommand(successor, { ...manager.environment, ...variables }),
      offer,
      readyTimeoutMs,
      signal,
      atOnce,
      onStarted: (pid) => events.emit({ type: 'successor-started', pid }),
    })
  }

  /** Leaves the service to the successor, which serves. Resolves when the service manager knows it. */
  async #leaveTo(successor: ServingSuccessor, lock: UpgradeLock | undefined): Promise<void> {
    const { pid } = successor
    const { options, manager, events } = this.#parts
    const { life, stopping, drain } = this.#context
    const action = life.happen('committed')
    if (action === 'pass-on') passOnStop(pid, stopping.reason, options.stopSignals)
    successor.leaveLock(lock)
    const told = manager.upgraded(pid)
    drain.afterUpgrade(successor, told)
    await told
    void runUpgraded(options, pid, events.emit)
  }

  /** Leaves the service to the next instance, which the service manager starts when this process has exited. */
  #leaveInStore(lock: UpgradeLock | undefined): void {
    this.#context.life.happen('committed')
    releaseLock(lock)
    this.#context.drain.afterStop('restart', 'upgrading')
  }

  async #keepServing(message: string, lock: UpgradeLock | undefined): Promise<void> {
    const { life, resources, stopping, drain } = this.#context
    await resources.takeBack()
    releaseLock(lock)
    // The manager must get this report before the report of a stop, because it expects nothing after that.
    const told = this.#parts.manager.upgradeFailed(message)
    if (life.happen('failed') === 'drain') drain.afterStop(stopping.reason ?? 'stop()', 'aborting')
    else void prepareNext(this.#parts, life)
    await told
  }
}

/** Reports an unforeseen failure, usually that no descriptor is free. This process keeps serving. */
function systemFailure(error: unknown): UpgradeResult {
  return { type: 'failed', failure: { type: 'system', error: asError(error) } }
}
