import { afterEach, expect, it, vi } from 'vitest'
import { relaySignals } from './relay-signals.ts'

const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGPWR'] as const
const before = signals.map((signal) => process.listeners(signal))

afterEach(() => {
  vi.restoreAllMocks()
  for (const [index, signal] of signals.entries()) {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.includes(listener)) process.removeListener(signal, listener)
    }
  }
})

it('passes on what a service may handle, and the other given signals', () => {
  relaySignals(['SIGPWR', 'SIGTERM'], () => {})
  for (const [index, signal] of signals.entries()) {
    expect(process.listenerCount(signal), signal).toBe((before[index]?.length ?? 0) + 1)
  }
})

it('takes a signal that comes again within half a second for the same request', () => {
  const clock = vi.spyOn(performance, 'now')
  const passed: [string, number][] = []
  relaySignals(['SIGPWR'], (signal) => passed.push([signal, performance.now()]))
  for (const [nowMs, signal] of [
    [1_000, 'SIGUSR2'],
    [1_001, 'SIGUSR2'],
    [1_002, 'SIGPWR'],
    [1_499, 'SIGUSR2'],
    [1_500, 'SIGUSR2'],
    [1_501, 'SIGPWR'],
  ] as const) {
    clock.mockReturnValue(nowMs)
    process.emit(signal, signal)
  }
  expect(passed).toEqual([
    ['SIGUSR2', 1_000],
    ['SIGPWR', 1_002],
    ['SIGUSR2', 1_500],
  ])
})

it('passes it on before a handler of the program, which may end the process', () => {
  const order: string[] = []
  const handler = () => order.push('program')
  process.on('SIGUSR2', handler)
  relaySignals([], () => order.push('passed'))
  process.emit('SIGUSR2')
  process.removeListener('SIGUSR2', handler)
  expect(order).toEqual(['passed', 'program'])
})

it('does not pass on what a handler of the program raises again', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000)
  const passed: string[] = []
  relaySignals([], (signal) => passed.push(signal))
  process.emit('SIGTERM', 'SIGTERM')
  clock.mockReturnValue(60_000)
  process.kill(process.pid, 'SIGTERM')
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGTERM')
  process.emit('SIGTERM', 'SIGTERM')
  expect(passed).toEqual(['SIGTERM'])
})
