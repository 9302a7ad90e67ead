// A generation for tests. What it does is told by its arguments, each `key=value` or a plain word;
// `only-in-2:word` counts for no generation but the second.

import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dgramFrom, socketTypeOf } from '@shellflip/fd-passing'
import { listenFds, Notifier } from '@shellflip/sd-notify'

const { NOTIFY_SOCKET } = process.env
const generation = basename(NOTIFY_SOCKET ?? '', '.sock')
const words = process.argv.slice(2).flatMap((word) => {
  const [, only, rest] = /^only-in-(\d+):(.*)$/s.exec(word) ?? [undefined, generation, word]
  return only === generation ? [rest] : []
})
const settings = Object.fromEntries(words.map((word) => word.split(/=(.*)/s, 2)))
const notifier = Notifier.fromEnvironment()
const name = settings.name ?? String(process.pid)

process.on('SIGTERM', async () => {
  if ('stubborn' in settings) return
  while ('drain-until' in settings && !existsSync(settings['drain-until'])) await delay(10)
  process.exit(0)
})
if ('exit' in settings) process.exit(Number(settings.exit))

for (const { name: socket, fd } of listenFds()) {
  if (socketTypeOf(fd.fd) === 'datagram') {
    const server = await dgramFrom(fd)
    server.on('message', (_, { address, port }) => server.send(`${name} on ${socket}\n`, port, address))
    continue
  }
  createServer((client) => client.end(`${name} on ${socket}\n`)).listen({ fd: fd.release() })
}
process.stdout.write(`${name} says hello\n`)
setInterval(() => {}, 60_000)
while ('ready-after' in settings && !existsSync(settings['ready-after'])) await delay(10)
if (!('never-ready' in settings)) await notifier.ready({ status: settings.status ?? `serving as ${name}` })
if ('ping' in settings) {
  let pings = 0
  setInterval(() => {
    // As services in other languages do: a socket of its own for each message.
    const pinging = Notifier.fromEnvironment({ env: { NOTIFY_SOCKET } })
    void pinging.send({ watchdog: 'ping', status: `ping ${++pings}` }).finally(() => pinging.close())
  }, Number(settings.ping))
}
for (let count = 0; count < Number(settings.statuses ?? 0); count += 1) {
  await notifier.send({ status: `status ${count}` })
}
if ('end' in settings) process.exit(Number(settings.end))
