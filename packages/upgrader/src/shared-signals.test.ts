import { afterEach, expect, test, vi } from 'vitest'
import { sharedSignals } from './shared-signals.ts'

const execArgv = [...process.execArgv]
const before = { ...process.report }

afterEach(() => {
  vi.unstubAllEnvs()
  process.execArgv = execArgv
  Object.assign(process.report ?? {}, { reportOnSignal: before.reportOnSignal, signal: before.signal })
})

test.each([
  ['an option', ['--heapsnapshot-signal=SIGUSR2'], ''],
  ['an option of two words', ['--heapsnapshot-signal', 'SIGUSR2'], ''],
  ['an option with underscores', ['--heapsnapshot_signal=SIGUSR2'], ''],
  ['NODE_OPTIONS', [], '--max-old-space-size=100 --heapsnapshot-signal=SIGUSR2'],
])('a heap snapshot at the signal of the upgrade is named: by %s', (_, options, nodeOptions) => {
  process.execArgv = options
  vi.stubEnv('NODE_OPTIONS', nodeOptions)
  expect(sharedSignals(['SIGUSR2', 'SIGTERM'])).toEqual([
    {
      signal: 'SIGUSR2',
      by: '--heapsnapshot-signal',
      message:
        'SIGUSR2 is a signal of this service and of --heapsnapshot-signal: each one also writes a heap snapshot, ' +
        'which can take seconds. Give --heapsnapshot-signal another signal.',
    },
  ])
  expect(sharedSignals(['SIGHUP'])).toEqual([])
})

test('a report at the signal of the upgrade is named, if an option or the program has set it', () => {
  expect(sharedSignals(['SIGUSR2'])).toEqual([])
  Object.assign(process.report ?? {}, { reportOnSignal: true, signal: 'SIGUSR2' })
  expect(sharedSignals(['SIGUSR2'])).toMatchObject([{ signal: 'SIGUSR2', by: '--report-on-signal' }])
  expect(sharedSignals(['SIGHUP'])).toEqual([])
  expect(sharedSignals([])).toEqual([])
})
