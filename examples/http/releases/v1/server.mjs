// An HTTP service that counts the visits to each path. Its counts survive its upgrades.
import { createServer } from 'node:http'
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const Visits = defineState({
  name: 'visits',
  version: 1,
  schema: z.map(z.string(), z.int()),
})

const flip = await shellflip({ controlSocket: 'run/restart.sock', state: Visits, save: () => visits })
const visits = flip.state ?? new Map()

const server = createServer(({ url }, response) => {
  const count = (visits.get(url) ?? 0) + 1
  visits.set(url, count)
  response.end(`v1: visit ${count} to ${url}\n`)
})
const { port } = await flip.listen(server, { name: 'http', port: Number(process.env.PORT ?? 8080) })

await flip.ready()
console.log(`v1 (pid ${process.pid}) serves at http://127.0.0.1:${port}`)

const { type, report } = await flip.done
console.log(`v1 (pid ${process.pid}) is ${type}${report.clean ? '' : ', and has cut requests'}`)
