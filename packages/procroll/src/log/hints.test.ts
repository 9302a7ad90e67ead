import { expect, it } from 'vitest'
import { hintFor } from './hints.ts'

const exited = { type: 'exited', beforeReady: true, code: 1, signal: null } as const

it.each([
  [{ type: 'not-ready', timeoutMs: 1000 } as const, false, /READY=1 .*NOTIFY_SOCKET.*--ready-timeout/],
  [{ ...exited, code: 0 }, false, /in the foreground, not as a daemon \(nginx: daemon off/],
  [exited, true, /fd 3 \(LISTEN_FDS\)/],
])('of %j it says what to do', (failure, hasListeners, hint) => {
  expect(hintFor(failure, hasListeners)).toMatch(hint)
})

it.each([
  exited,
  { ...exited, code: null, signal: 'SIGSEGV' } as const,
  { ...exited, beforeReady: false },
  { type: 'stopped' } as const,
])('of %j it knows nothing better', (failure) => {
  expect(hintFor(failure, false)).toBeUndefined()
})
