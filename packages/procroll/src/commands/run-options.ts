import type { LogFormat } from '@shellflip/cli/log'
import type { ParsedAddress } from '@shellflip/listeners/addresses'
import type { OrphanPolicy } from '@shellflip/orphans'
import type { RestartMode } from '@shellflip/rolling-supervisor'
import type { PlaceOptions } from '@shellflip/supervisor-control'

/** The flags of `procroll run`. Times are in milliseconds. */
export type RunOptions = PlaceOptions & {
  debug: boolean
  logFormat: LogFormat
  signal: NodeJS.Signals | number
  drainTimeout: number
  readyTimeout: number
  tempdir: string
  chdir?: string
  listen: readonly ParsedAddress[]
  restart: RestartMode
  maxDraining: number
  watchdog?: number
  orphans: OrphanPolicy
  /** A flag of procroll after the command. */
  strayFlag?: string
}
