// The same service, grown: it knows when a path was visited first. It understands the state of version 1, and says what
// version 1 understands, if that is its successor.
import { createServer } from 'node:http'
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const Visits = defineState({
  name: 'visits',
  version: 2,
  schema: z.map(z.string(), z.object({ count: z.int(), since: z.date() })),
  migrations: {
    1: (counts) => new Map([...counts].map(([url, count]) => [url, { count, since: new Date() }])),
  },
  down: {
    2: (visits) => new Map([...visits].map(([url, { count }]) => [url, count])),
  },
})

const flip = await shellflip({ controlSocket: 'run/restart.sock', state: Visits, save: () => visits })
const visits = flip.state ?? new Map()

const server = createServer(({ url }, response) => {
  const { count, since } = visits.get(url) ?? { count: 0, since: new Date() }
  visits.set(url, { count: count + 1, since })
  response.end(`v2: visit ${count + 1} to ${url} since ${since.toISOString()}\n`)
})
const { port } = await flip.listen(server, { name: 'http', port: Number(process.env.PORT ?? 8080) })

await flip.ready()
console.log(`v2 (pid ${process.pid}) serves at http://127.0.0.1:${port}`)

const { type, report } = await flip.done
console.log(`v2 (pid ${process.pid}) is ${type}${report.clean ? '' : ', and has cut requests'}`)
