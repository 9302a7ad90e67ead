// A TCP echo service that replaces itself with what stands in this file by then, and counts on.
//
//   node restarter.mjs --socket run/restart.sock --port 7000
//   node restarter.mjs restart --socket run/restart.sock
//
// With --systemd, sockets and counts wait in systemd's fd store while systemd starts the next one:
//
//   systemd-run -p FileDescriptorStoreMax=4096 node restarter.mjs --systemd --socket /run/restarter/restart.sock
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { askForRestart, defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const Counts = defineState({
  name: 'restarter',
  version: 1,
  schema: z.object({ generation: z.int(), connections: z.int() }),
})

async function serve({ socket, port, systemd }) {
  const flip = await shellflip({
    handover: systemd ? 'fd-store' : 'successor',
    controlSocket: socket,
    state: Counts,
    save: () => counts,
  })
  const counts = flip.state ?? { generation: 0, connections: 0 }
  counts.generation += 1

  const server = createServer((client) => {
    counts.connections += 1
    client.write(`connection ${counts.connections}, to generation ${counts.generation}\n`)
    client.on('error', () => client.destroy())
    client.pipe(client)
  })
  const address = await flip.listen(server, { name: 'echo', port: Number(port) })

  await flip.ready()
  console.log(`generation ${counts.generation} (pid ${process.pid}) serves at port ${address.port}`)

  const end = await flip.done
  console.log(
    `generation ${counts.generation}: ${end.type === 'upgraded' ? `now pid ${end.pid}` : end.reason}`,
  )
}

async function restart({ socket }) {
  const outcome = await askForRestart(socket, { signal: AbortSignal.timeout(90_000) })
  if (outcome.type === 'restarted') {
    console.log(`restarted: ${outcome.pid === undefined ? 'by the service manager' : `pid ${outcome.pid}`}`)
  } else {
    console.error(`restart failed: ${outcome.message}`)
    process.exitCode = 1
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    socket: { type: 'string', default: 'run/restart.sock' },
    port: { type: 'string', default: '7000' },
    systemd: { type: 'boolean', default: false },
  },
})
await (positionals[0] === 'restart' ? restart(values) : serve(values))
