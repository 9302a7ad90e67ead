/** An action at a point: wait there while the plan says so, exit, or block the whole process for ever. */
type Action = 'stall' | 'throw' | 'block' | `exit ${number}` | `fork ${number}`

/** A point where the service reads its plan. `hook`, `slow` and `drain` are the predecessor's, the others the successor's. */
type Point = 'before-shellflip' | 'amid-state' | 'before-ready' | 'hook' | 'slow' | 'drain'

/** How the service behaves. A generation reads its own properties when it starts, and the action at a point when it gets there. */
export type FlipPlan = {
  version?: string
  /** The options of `shellflip()`. */
  options?: {
    readyTimeoutMs?: number
    drainTimeoutMs?: number
    maxDraining?: number
    exitOnError?: boolean
    prepareSuccessor?: boolean
    launcher?: boolean
  }
  state?: {
    form?: 'value' | 'blocks'
    name?: string
    version?: 1 | 2
    /** Whether version 2 can be written for version 1. */
    down?: boolean
    /** Whether the schema refuses everything. */
    reject?: boolean
    /** How many blocks of 64 KiB are saved. */
    count?: number
  }
  at?: Partial<Record<Point, Action>>
  /** The program of the successor, instead of this Node. */
  successor?: { file?: string }
  /** A port that the next generation wants as well. */
  taken?: number
  /** Whether it reports `said-ready` after ready() was called and has had its turns. */
  tellsSaidReady?: boolean
  /** Upgrades itself as soon as it is alone, until there were so many generations. */
  chain?: number
}
