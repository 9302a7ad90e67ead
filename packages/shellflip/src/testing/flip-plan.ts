/** What happens at a point: to wait there while the plan says so, to go, or to hold the whole process for ever. */
type Action = 'stall' | 'throw' | 'block' | `exit ${number}` | `fork ${number}`

/** Where the service looks what is planned; `hook`, `slow` and `drain` are the predecessor's, the others the successor's. */
type Point = 'before-shellflip' | 'amid-state' | 'before-ready' | 'hook' | 'slow' | 'drain'

/** How the service behaves. What a generation is, it reads at its birth; what it does at a point, when it gets there. */
export type FlipPlan = {
  version?: string
  /** Of `shellflip()`. */
  options?: { readyTimeoutMs?: number; drainDeadlineMs?: number; maxDraining?: number; exitOnError?: boolean }
  state?: {
    form?: 'value' | 'blocks'
    name?: string
    version?: 1 | 2
    /** Whether version 2 can be written for version 1. */
    down?: boolean
    /** The schema accepts nothing. */
    reject?: boolean
    /** How many blocks of 64 KiB are saved. */
    count?: number
  }
  at?: Partial<Record<Point, Action>>
  /** The program that the successor is, in the place of this Node. */
  launch?: { file?: string }
  /** A port that the next generation wants as well. */
  taken?: number
  /** Tells `said-ready`, when ready() has been called and has had its turns. */
  tellsSaidReady?: boolean
  /** Upgrades itself as soon as it is alone, until there were so many generations. */
  chain?: number
}
