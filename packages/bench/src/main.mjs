// Each bench measures us and a peer in turn, in the same run: on a noisy machine only the ratio means something.
import { failedRequests } from './failed-requests.mjs'
import { fdRate } from './fd-rate.mjs'
import { idleMemory } from './idle-memory.mjs'
import { startTime } from './start-time.mjs'
import { thousandRolls } from './thousand-rolls.mjs'
import { upgradeTime } from './upgrade-time.mjs'

const benches = { startTime, idleMemory, thousandRolls, fdRate, failedRequests, upgradeTime }
const wanted = process.argv.slice(2)

for (const name of wanted) {
  if (name in benches) continue
  console.error(`no bench is called ${name}: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const { what, ours, peer, unit, ratio = ours / peer, peerIs } of await bench()) {
    const compared =
      peer === undefined ? '' : `  ${peerIs}: ${round(peer)} ${unit}  ratio ${ratio.toFixed(2)}`
    console.log(`${what}: ${round(ours)} ${unit}${compared}`)
  }
}

function round(value) {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}
