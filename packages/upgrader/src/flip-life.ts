import { type FlipAction, type FlipPhase, type FlipTrigger, flipTable } from './flip-table.ts'
import type { RefusalReason } from './outcome.ts'

type UpgradeRefusal = Extract<RefusalReason, 'not-ready' | 'in-progress' | 'draining' | 'stopping'>

/** Holds the phase of this process. The {@link flipTable} says what comes next. */
export class FlipLife {
  #phase: FlipPhase = 'preparing'
  #upgrade = new AbortController()

  get phase(): FlipPhase {
    return this.#phase
  }

  /** Returns why an upgrade is refused in this phase. */
  get refusal(): UpgradeRefusal | undefined {
    const step = flipTable[this.#phase].upgrade
    return step !== undefined && 'refuse' in step ? step.refuse : undefined
  }

  /** Aborts when a stop ends the upgrade that began last. */
  get upgradeAborted(): AbortSignal {
    return this.#upgrade.signal
  }

  /** @returns what is to be done now. A mere change of the phase is already done */
  happen(trigger: FlipTrigger): FlipAction | undefined {
    const step = flipTable[this.#phase][trigger]
    if (step === undefined || 'refuse' in step) return undefined
    this.#phase = step.to
    if (step.action === 'carry') this.#upgrade = new AbortController()
    if (step.action === 'abort') this.#upgrade.abort()
    return step.action
  }
}
