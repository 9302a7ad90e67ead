import { spawnSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { endProcessesWith, ServicePlace, TestProcess } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { askForRestart } from './restart-socket/ask-for-restart.ts'

const fixture = (name: string) => new URL(`testing/${name}`, import.meta.url).pathname

/** Sends descriptors to itself until the kernel takes no more of this user, and tells when it holds them. */
const holder = `
  import { openSync } from 'node:fs'
  import { OwnedFd, UnixSocket } from ${JSON.stringify(createRequire(import.meta.url).resolve('@shellflip/fd-passing'))}
  const own = new OwnedFd(openSync('/dev/null'))
  const [held, holding] = UnixSocket.pair('seqpacket')
  try {
    for (;;) await holding.send('held', { fds: Array(50).fill(own), retryTimeoutMs: 0 })
  } catch ({ errno }) {
    console.log('holds ' + errno)
  }
  setInterval(() => held.closed, 60_000)`

/** Root may have any number in flight, so the service runs as a user that nobody else is. */
const user = 200_000 + process.pid
const asUser = ['--reuid', `${user}`, '--regid', `${user}`, '--clear-groups']
const canChangeUser = spawnSync('setpriv', [...asUser, 'true']).status === 0

describe('while too many descriptors of the user are in flight', () => {
  it('an upgrade fails within seconds and names the limit, and the next one works', async (context) => {
    if (!canChangeUser) return context.skip('only root can run a service as another user (setpriv)')
    await using place = new ServicePlace()
    chownSync(place.path, user, user)
    writeFileSync(place.join('holder.mjs'), holder)
    const start = (file: string, ...args: string[]) =>
      TestProcess.start(
        'setpriv',
        [...asUser, 'prlimit', '--nofile=256:256', process.execPath, file, ...args],
        { cwd: place.path, env: { SERVICE_PLACE: place.path, npm_lifecycle_event: undefined } },
      )

    const socket = place.join('restart.sock')
    await using service = start(fixture('restartable-service.mjs'), socket)
    // The successor shares the output of the first generation, so it has to end first.
    await using _all = {
      [Symbol.asyncDispose]: () => endProcessesWith(`SERVICE_PLACE=${place.path}\0`),
    }
    const [, first] = await service.printed(/ready (\d+)/)
    await using held = start(place.join('holder.mjs'))
    await held.printed(/holds ETOOMANYREFS/)

    const began = performance.now()
    const outcome = await askForRestart(socket)
    expect(outcome).toMatchObject({
      type: 'failed',
      message: expect.stringMatching(/ETOOMANYREFS.*in flight.*ulimit -n, LimitNOFILE=/),
    })
    expect(performance.now() - began).toBeLessThan(10_000)

    await held[Symbol.asyncDispose]()
    const restarted = await askForRestart(socket)
    expect(restarted).toMatchObject({ type: 'restarted', pid: expect.any(Number) })
    expect(restarted).not.toMatchObject({ pid: Number(first) })
  })
})
