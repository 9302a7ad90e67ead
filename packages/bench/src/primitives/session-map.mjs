import { randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { defineState, toBuffer } from '@shellflip/state-serialization'
import { z } from 'zod'
import { median } from '../measure.mjs'

const runs = 7
const peerIs = 'v8.serialize and v8.deserialize'

const Session = z.object({
  user: z.string(),
  email: z.string(),
  visits: z.int(),
  since: z.date(),
  roles: z.array(z.string()),
  address: z.object({ city: z.string(), zip: z.string() }).optional(),
})
const Sessions = defineState({ name: 'sessions', version: 1, schema: z.map(z.string(), Session) })

/** A map of sessions, encoded and decoded in one process: with the checks of its schema at both ends, and by v8 without any. */
export async function sessionMap() {
  const rows = []
  for (const count of [500, 5_000, 50_000]) rows.push(await compare(count))
  return rows
}

async function compare(count) {
  const sessions = sessionsOf(count)
  const encoded = await toBuffer(Sessions.encode(sessions))
  const ways = {
    ours: async () => Sessions.decode(await toBuffer(Sessions.encode(sessions))),
    v8: async () => deserialize(serialize(sessions)),
  }
  const times = { ours: [], v8: [] }
  for (let run = 0; run <= runs; run++) {
    for (const [way, there] of Object.entries(ways)) {
      const startedAt = performance.now()
      const back = await there()
      if (back.size !== count) throw new Error(`${way} lost a session`)
      if (run > 0) times[way].push(performance.now() - startedAt)
    }
  }
  return {
    what: `map of ${count} sessions (${(encoded.length / 1e6).toFixed(1)} MB): encode and decode`,
    ours: median(times.ours),
    peer: median(times.v8),
    unit: 'ms',
    peerIs,
    n: count,
  }
}

function sessionsOf(count) {
  const sessions = new Map()
  for (let index = 0; index < count; index++) {
    sessions.set(randomBytes(12).toString('hex'), {
      user: `user number ${index}`,
      email: `user.${index}@mail.example.org`,
      visits: index * 7,
      since: new Date(1_700_000_000_000 + index * 1_000),
      roles: index % 10 === 0 ? ['reader', 'editor'] : ['reader'],
      ...(index % 2 === 0 ? { address: { city: 'Amsterdam', zip: `10${index % 100} AB` } } : {}),
    })
  }
  return sessions
}
