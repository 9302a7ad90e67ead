// Holds each peer to the contract of the bench: check.mjs [--install-peers] [--cache FOLDER] [NAME …], all of them by default.
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkPeer } from './support/check-peer.mjs'
import { defaultCache } from './support/default-cache.mjs'
import { PeerUnavailable } from './support/peer-unavailable.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'install-peers': { type: 'boolean' }, cache: { type: 'string', default: defaultCache } },
})
const place = { cache: values.cache, install: values['install-peers'] ?? false }

const peers = []
for (const file of readdirSync(import.meta.dirname).filter((name) => /(?<!check)\.mjs$/.test(name))) {
  peers.push(...(await import(`./${file}`)).default)
}
const unknown = positionals.filter((wanted) => !peers.some(({ name }) => name === wanted))
if (unknown.length > 0) {
  console.error(
    `unknown peer ${unknown.join(', ')}. The peers are ${peers.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}

for (const peer of peers) {
  if (positionals.length > 0 && !positionals.includes(peer.name)) continue
  try {
    await peer.prepare(place)
    const plain = peer.shapes.K === true ? 'K' : 'N'
    for (const shape of [plain, 'T']) console.log(`${peer.name} ${shape}: ${await checkPeer(peer, shape)}`)
  } catch (error) {
    if (error instanceof PeerUnavailable) {
      console.log(`${peer.name}: unavailable: ${error.message}`)
      continue
    }
    console.log(`${peer.name}: failed:`, error)
    process.exitCode = 1
  }
}
