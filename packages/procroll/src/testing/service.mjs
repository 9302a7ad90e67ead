// A generation for tests. What it does is told by its arguments, each `key=value` or a plain word.
import { createServer } from 'node:net'
import { listenFds, Notifier } from '@shellflip/sd-notify'

const settings = Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s, 2)))
const notifier = Notifier.fromEnvironment()
const name = settings.name ?? String(process.pid)

process.on('SIGTERM', () => {
  if ('stubborn' in settings) return
  process.exit(0)
})
if ('exit' in settings) process.exit(Number(settings.exit))

for (const { name: socket, fd } of listenFds()) {
  createServer((client) => client.end(`${name} on ${socket}\n`)).listen({ fd: fd.release() })
}
process.stdout.write(`${name} says hello\n`)
setInterval(() => {}, 60_000)
if (!('never-ready' in settings)) await notifier.ready({ status: settings.status ?? `serving as ${name}` })
