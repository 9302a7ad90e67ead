import { describe, expect, it } from 'vitest'
import { parseSignal } from './signal-name.ts'

describe('parseSignal', () => {
  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['TERM', 'SIGTERM'],
    ['sigquit', 'SIGQUIT'],
    ['15', 'SIGTERM'],
    ['2', 'SIGINT'],
    ['9', 'SIGKILL'],
  ])('%s is %s', (text, signal) => {
    expect(parseSignal(text)).toBe(signal)
  })

  it.runIf(process.platform === 'linux').each([
    ['37', 37],
    ['SIGRTMIN+3', 37],
    ['RTMAX-0', 64],
  ])('%s is the real-time signal %d', (text, signal) => {
    expect(parseSignal(text)).toBe(signal)
  })

  it.each(['', '0', '65', '-15', 'SIGFOO', 'SIGRTMIN+31', 'TERM ', 'constructor', '1.5'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseSignal(text)).toThrow(/"?" is not a signal of this system\. .*SIGTERM/)
    },
  )
})
