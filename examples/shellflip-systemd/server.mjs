// An HTTP service that counts its visits, and counts on when systemd reloads it, or, with --fd-store, restarts it.
// Its release is the name of the folder it stands in.
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const release = basename(import.meta.dirname)
const { PORT, RUNTIME_DIRECTORY } = process.env

const flip = await shellflip({
  handover: process.argv.includes('--fd-store') ? 'fd-store' : 'successor',
  controlSocket: `${RUNTIME_DIRECTORY}/restart.sock`,
  state: defineState({ name: 'visits', version: 1, schema: z.object({ visits: z.int() }) }),
  save: () => count,
  drainTimeoutMs: 15_000,
  onEvent: ({ type, error }) => error && console.error(`${type}: ${error.message}`),
})
const count = flip.state ?? { visits: 0 }

const visit = (_request, response) => response.end(`${release}: visit ${++count.visits}\n`)
// Those named http of a .socket unit, in their order; without one, sockets of its own.
for (const address of [{ port: Number(PORT ?? 0) }, { path: `${RUNTIME_DIRECTORY}/http.sock` }]) {
  await flip.listen(createServer(visit), { name: 'http', ...address }, { lingerMs: 1_000 })
}

await flip.ready()
console.log(`${release} (pid ${process.pid}) serves`)

const { type, report } = await flip.done
console.log(`${release} (pid ${process.pid}) is ${type}${report.clean ? '' : ', and has cut requests'}`)
