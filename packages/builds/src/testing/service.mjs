import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

// No await at the top, so that bundlers can make CommonJS of this.
async function main() {
  const flip = await shellflip()
  const server = createServer((_request, response) => response.end(String(process.pid)))
  await flip.listen(server, { name: 'http', port: 0 })
  await flip.ready()
  console.log(`pid ${process.pid} serves at ${server.address().port}`)
  await flip.done
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
