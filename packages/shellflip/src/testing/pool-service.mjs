// A service in the folder of argv with a pool that its requests need. It stops amid its first request, which it makes itself.
import { createServer, get } from 'node:http'
import { shellflip } from 'shellflip'

const [, , folder] = process.argv
const flip = await shellflip({ controlSocket: `${folder}/control/restart.sock`, launcher: false })
let pool = 'open'
flip.coordinator.onDrain('queue', async () => console.log(`queue stopped, pool ${pool}`))
flip.coordinator.onDrain(
  'pool',
  async () => {
    pool = 'closed'
  },
  { after: ['servers', 'queue'] },
)
const server = createServer((_request, response) => {
  flip.coordinator.signal.addEventListener('abort', () => setImmediate(() => response.end(`pool ${pool}`)))
  flip.stop()
})
// Two servers without a name, and one that comes back.
const again = createServer()
await flip.listen(server, { path: `${folder}/app.sock` })
await flip.listen(again, { path: `${folder}/other.sock` })
await flip.ready()
await new Promise((resolve) => again.close(resolve))
await flip.listen(again, { path: `${folder}/other.sock` })

get({ socketPath: `${folder}/app.sock`, agent: false }, async (response) => {
  for await (const text of response) console.log(`answered: ${text}`)
})
const { report } = await flip.done
console.log(`${report.servers.map(({ name }) => name)}, clean: ${report.clean}, pool ${pool}`)
