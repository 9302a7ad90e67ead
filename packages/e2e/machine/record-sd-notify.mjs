// Calls the functions of the npm package sd-notify, or of its replacement, and prints what they return, send and log.
// record-sd-notify.mjs MODULE
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { UnixSocket } from '@shellflip/fd-passing'

const notify = createRequire(import.meta.url)(process.argv[2])
const socket = UnixSocket.bind({ type: 'datagram', address: `/run/record-${process.pid}` })
process.env.NOTIFY_SOCKET = `/run/record-${process.pid}`

const calls = [
  ['ready'],
  ['stopping', process.pid],
  ['watchdog'],
  ['sendState', 'X_SHARD=3\nREADY=1'],
  ['sendState', 'X_SHARD=3\0READY=1'],
  ['sendState', 'STATUS=grüßt 🚀'],
  ['sendState', ['X_SHARD=3', 'READY=1']],
  ['sendState', ''],
  ['sendState'],
  ['sendStatus', 'Serving'],
  ['sendStatus', 'two\nlines'],
  ['sendStatus', 42],
  ['sendStatus'],
  ['stopWatchdogMode'],
]
const watchdogs = [
  {},
  { WATCHDOG_USEC: '3000000' },
  { WATCHDOG_USEC: '1999' },
  { WATCHDOG_USEC: '0' },
  { WATCHDOG_USEC: '' },
  { WATCHDOG_USEC: 'often' },
  { WATCHDOG_USEC: '-1' },
  { WATCHDOG_USEC: '18446744073709551615' },
  { WATCHDOG_USEC: '99999999999999999999' },
  { WATCHDOG_USEC: '3000000', WATCHDOG_PID: String(process.pid) },
  { WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' },
  { WATCHDOG_USEC: '3000000', WATCHDOG_PID: 'me' },
]

/** The datagram that a call has sent before it returned. */
function sentBy(name, args) {
  const returned = notify[name](...args) === undefined ? 'nothing' : 'something'
  return [name, returned, socket.receiveNow()?.data.toString('hex') ?? 'no datagram']
}

function intervalWith(variables) {
  for (const name of ['WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name]
  Object.assign(process.env, variables)
  return [variables.WATCHDOG_USEC, notify.watchdogInterval()]
}

async function pingsInWatchdogMode() {
  notify.startWatchdogMode('5')
  const first = (await socket.receive()).data.toString()
  const second = (await socket.receive()).data.toString()
  notify.stopWatchdogMode()
  while (socket.receiveNow() !== undefined);
  await pause(50)
  return [first, second, socket.receiveNow() ?? 'stopped']
}

// `path` is where the package bindings found the addon.
const record = {
  functions: Object.keys(notify)
    .filter((name) => !/^(default|__esModule|path)$/.test(name))
    .sort(),
  levels: Object.keys(notify.log).sort(),
  sent: calls.map(([name, ...args]) => sentBy(name, args)),
  intervals: watchdogs.map(intervalWith),
  pings: await pingsInWatchdogMode(),
}
socket.close()
for (const address of [undefined, '', '/run/nothing', 'relative']) {
  if (address === undefined) delete process.env.NOTIFY_SOCKET
  else process.env.NOTIFY_SOCKET = address
  for (const name of ['ready', 'watchdog', 'sendStatus']) record.sent.push([address, notify[name]()])
}
for (const level of record.levels) notify.log[level](level, 'of', 3)
notify.journalPrint(5, 'two\nlines')
notify.log.info('x'.repeat(300_000))
console.log(JSON.stringify({ pid: process.pid, record }))
