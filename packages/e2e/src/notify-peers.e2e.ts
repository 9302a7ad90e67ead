import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const { version } = createRequire(import.meta.url)('sd-notify/package.json') as { version: string }

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot({ npmPackages: [`sd-notify@${version}`] })
})

afterAll(() => machine?.stop())

/**
 * The second message is only sent when systemd-notify ended well, and it waits until its first one was processed (a
 * BARRIER).
 */
const afterBarrier = 'systemd-notify --ready && systemd-notify --status="I serve" && exec sleep infinity'

const bySdNotify = `
  const sd = require('/usr/lib/node_modules/sd-notify')
  sd.sendStatus('I serve')
  sd.ready()
  setInterval(() => {}, 60_000)
`

/** Programs that say that they are ready, and how they are, by other people's implementations of sd_notify. */
const senders: [string, string[]][] = [
  ['systemd-notify', ['sh', '-c', afterBarrier]],
  [
    'systemd-notify --no-block',
    ['sh', '-c', 'systemd-notify --no-block --status="I serve" --ready; exec sleep infinity'],
  ],
  [
    'systemd-notify --exec',
    ['systemd-notify', '--ready', '--status=I serve', '--exec', ';', 'sleep', 'infinity'],
  ],
  [
    'python3-systemd',
    [
      'python3',
      '-c',
      'import signal, systemd.daemon as sd; sd.notify("READY=1\\nSTATUS=I serve"); signal.pause()',
    ],
  ],
  [
    'socat',
    [
      'sh',
      '-c',
      'printf "STATUS=I serve\\nREADY=1\\n" | socat - UNIX-SENDTO:"$NOTIFY_SOCKET"; exec sleep infinity',
    ],
  ],
  ['sd-notify of npm', ['node', '-e', bySdNotify]],
]

describe.each(senders)('a program that says READY by %s', (_, command) => {
  const unit = `peer-${senders.findIndex(([, other]) => other === command)}.service`

  test('is ready for procroll, and so for systemd', async () => {
    const properties = ['Type=notify-reload', 'KillMode=mixed', 'NotifyAccess=main']
    await machine.run([
      'systemd-run',
      `--unit=${unit}`,
      ...properties.flatMap((property) => ['-p', property]),
      '/usr/bin/procroll',
      'run',
      '--',
      ...command,
    ])
    await machine.until(unit, { ActiveState: 'active', StatusText: 'generation 1 ready (I serve)' })
  })

  test('is rolled', async () => {
    await machine.run(['systemctl', 'reload', unit])
    await machine.until(unit, { ActiveState: 'active', StatusText: 'generation 2 ready (I serve)' })
  })

  test('is stopped', async () => {
    await machine.run(['systemctl', 'stop', unit])
    await machine.until(unit, { ActiveState: 'inactive', Result: 'success' })
  })
})

test('systemd-socket-activate hands its sockets to a program that procroll rolls', async () => {
  await machine.install('procroll-notify-reload')
  await machine.run([
    ...['systemd-run', '--unit=activated', 'systemd-socket-activate', '--listen=127.0.0.1:9000', '--'],
    ...['/usr/bin/procroll', 'run', '--', '/usr/bin/node', '/srv/procroll-notify-reload/current/server.mjs'],
  ])
  // It listens some time after systemd-run has returned, and starts the program with the first connection.
  const target = { port: 9000 }
  const first = machine.load({ target, newConnections: 1 })
  await first.answered(1)
  await first.stop()

  const load = machine.load({ target, keepAlive: 2, newConnections: 2 })
  await load.answered(20)
  await machine.run(['procroll', 'roll'])
  await load.answered(20)
  expect(await load.stop()).toMatchObject({ failed: 0 })
})
