import { afterAll, beforeAll, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const unit = 'slow.service'

/** Answers each request a while after it came, and finishes what is in flight when it is stopped. */
const server = `
import { createServer } from 'node:http'
import { listenFds, Notifier } from '@shellflip/sd-notify'

const notifier = Notifier.fromEnvironment()
const server = createServer((request, response) => {
  void notifier.send({ status: 'in flight ' + request.url.slice(1) })
  setTimeout(() => response.end('served ' + request.url.slice(1)), 700)
})
process.on('SIGTERM', () => server.close(() => process.exit(0)))
server.listen({ fd: listenFds()[0].fd.release() }, () => notifier.ready())
`

const unitFile = (execStop: string) => `
[Service]
Type=notify-reload
ExecStart=/usr/bin/procroll run --name slow --listen tcp://127.0.0.1:8080 -- /usr/bin/node /srv/slow/server.mjs
${execStop}
KillMode=mixed
TimeoutStopSec=30
`

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  machine.write('/srv/slow/server.mjs', server)
})

afterAll(() => machine?.stop())

test.each([
  ['kills the main process', `ExecStop=/bin/sh -c 'kill -TERM $MAINPID'`, 20],
  ['asks procroll', 'ExecStop=/usr/bin/procroll stop --name slow', 3],
  ['is not there', '', 3],
])(
  'a unit whose ExecStop= %s drains: no request fails',
  async (_, execStop, times) => {
    machine.write(`/etc/systemd/system/${unit}`, unitFile(execStop))
    await machine.run(['systemctl', 'daemon-reload'])
    for (let request = 1; request <= times; request += 1) {
      await machine.run(['systemctl', 'reset-failed', unit]).catch(() => {})
      await machine.run(['systemctl', 'start', unit])
      const answer = machine.run(['curl', '--silent', '--show-error', `http://127.0.0.1:8080/${request}`])
      await machine.until(unit, { StatusText: `generation 1 ready (in flight ${request})` })
      await machine.run(['systemctl', 'stop', unit])
      expect(await answer).toBe(`served ${request}`)
      expect(await machine.show(unit, 'ActiveState', 'Result', 'ExecMainStatus')).toEqual({
        ActiveState: 'inactive',
        Result: 'success',
        ExecMainStatus: '0',
      })
    }
    const journal = (await machine.journal(unit)).join('\n')
    expect(journal).not.toContain('without time to drain')
    if (execStop.includes('kill')) expect(journal).toContain('repeats the stop in progress')
  },
  180_000,
)

test('SIGHUP rolls, because it does not have a terminal', async () => {
  await machine.run(['systemctl', 'start', unit])
  await machine.run(['systemctl', 'reload', unit])
  await machine.until(unit, { StatusText: 'generation 2 ready' })
  await machine.run(['systemctl', 'stop', unit])
})
