/** The tables of go-systemd's tests, in our words: see docs/peers-tests.md. */
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { listenFds } from './listen-fds.ts'
import { Notifier } from './notifier.ts'
import { NotifySocket } from './notify-socket.ts'
import { watchdogIntervalMs } from './watchdog-interval.ts'
import { WatchdogPinger } from './watchdog-pinger.ts'

const own = String(process.pid)
const environment = (variables: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined))

describe('the watchdog (TestSdWatchdogEnabled)', () => {
  test.each<[usec: string | undefined, pid: string | undefined, milliseconds: number | undefined]>([
    ['100', own, 0.1],
    ['50', own, 0.05],
    ['1', own, 0.001],
    ['1', undefined, 0.001],
    [undefined, own, undefined],
    [undefined, undefined, undefined],
  ])('WATCHDOG_USEC=%s WATCHDOG_PID=%s is %s ms', (usec, pid, milliseconds) => {
    const env = environment({ WATCHDOG_USEC: usec, WATCHDOG_PID: pid })
    expect(watchdogIntervalMs(env)).toBe(milliseconds)
  })

  test.each([
    ['-1', own],
    ['string', own],
    ['1', 'string'],
    ['stringa', 'stringb'],
    ['-10239', '-eleventythree'],
    // Differs on purpose: go-systemd takes an empty variable and WATCHDOG_PID=0 for one that is not set.
    ['', own],
    ['1', '0'],
  ])('WATCHDOG_USEC=%s WATCHDOG_PID=%s is an error', (usec, pid) => {
    const env = { WATCHDOG_USEC: usec, WATCHDOG_PID: pid }
    expect(() => watchdogIntervalMs(env)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ENVIRONMENT' }),
    )
  })

  test('of another process is not ours, whatever its interval', () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: 'string', WATCHDOG_PID: '1' })).toBeUndefined()
  })

  test('is read once, unless it is to stay', () => {
    const env = { WATCHDOG_USEC: '1', WATCHDOG_PID: own }
    using notifier = new Notifier(undefined)
    WatchdogPinger.fromEnvironment(notifier, { env, consume: false })
    expect(Object.keys(env)).toHaveLength(2)
    WatchdogPinger.fromEnvironment(notifier, { env })
    expect(env).toEqual({})
  })
})

describe('a notification (TestSdNotify)', () => {
  test('is sent, fails, or has no manager', async () => {
    using folder = temporaryFolder()
    using _ = NotifySocket.open({ path: folder.join('notify') })
    const outcomes: [string | undefined, string][] = [
      [folder.join('notify'), 'sent'],
      [folder.join('missing'), 'failed'],
      ['', 'no-manager'],
      [undefined, 'no-manager'],
    ]
    for (const [address, type] of outcomes) {
      const env = environment({ NOTIFY_SOCKET: address })
      using notifier = Notifier.fromEnvironment({ env })
      expect(await notifier.status('from the table')).toMatchObject({ type })
      expect(env).toEqual({})
    }
  })
})

describe('activation without descriptors', () => {
  test.each([
    ['TestActivationNoFix: for another process', { LISTEN_FDS: '2', LISTEN_PID: '1' }],
    ['TestActivationNoFix: for nobody', { LISTEN_FDS: '2' }],
    ['TestActivationNoFiles', { LISTEN_FDS: '0', LISTEN_PID: own }],
  ])('%s', (_, env) => {
    expect(listenFds({ env })).toEqual([])
    expect(env).toEqual({})
  })

  test('names that do not fit are an error, where go-systemd makes some up', () => {
    const env = { LISTEN_FDS: '2', LISTEN_PID: own, LISTEN_FDNAMES: 'fd1' }
    expect(() => listenFds({ env })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ENVIRONMENT' }))
  })
})
