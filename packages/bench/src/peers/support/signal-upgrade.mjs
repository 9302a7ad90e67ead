import { readFileSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { isAlive } from './is-alive.mjs'

/** Returns the reload of a process that upgrades itself on SIGHUP. It refuses that until its own predecessor has ended. */
export function signalUpgrade(pidFile) {
  let predecessor
  return async () => {
    if (predecessor !== undefined) {
      await waitFor(() => !isAlive(predecessor), { what: 'the end of the former process' })
    }
    predecessor = Number(readFileSync(pidFile, 'utf8'))
    process.kill(predecessor, 'SIGHUP')
  }
}
