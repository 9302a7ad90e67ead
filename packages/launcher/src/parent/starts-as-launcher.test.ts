import { describe, expect, it } from 'vitest'
import { startsAsLauncher } from './starts-as-launcher.ts'

const shell = { pid: 4711, ppid: 4000, connected: false, execArgv: [], env: {} }

describe('by default the first process becomes the launcher', () => {
  it.each([
    ['as PID 1', { pid: 1, ppid: 0 }],
    ['as PID 1 that a service manager listens to', { pid: 1, ppid: 0, env: { NOTIFY_SOCKET: '/run/n' } }],
    ['as PID 1 that is given sockets', { pid: 1, ppid: 0, env: { LISTEN_PID: '1', LISTEN_FDS: '1' } }],
    ['as the child of the init of a container', { ppid: 1 }],
    ['in a script of a package manager', { env: { npm_lifecycle_event: 'start' } }],
    ['in a script of node --run', { env: { NODE_RUN_SCRIPT_NAME: 'start' } }],
    ['under tsx', { execArgv: ['--require', '/app/node_modules/tsx/dist/preflight.cjs'] }],
    ['with an IPC channel', { connected: true }],
    ['beside a stranger that is given sockets', { connected: true, env: { LISTEN_PID: '4000' } }],
  ])('%s', (_, place) => {
    expect(startsAsLauncher(undefined, { ...shell, ...place })).toBe(true)
    expect(startsAsLauncher(false, { ...shell, ...place })).toBe(false)
  })
})

describe('by default it does not', () => {
  it.each([
    ['in a shell', {}],
    ['without an IPC channel at all', { connected: undefined }],
    ['under node --import tsx', { execArgv: ['--import', 'tsx'] }],
    ['as the child of systemd', { ppid: 1, env: { INVOCATION_ID: 'b1e5' } }],
    [
      'where a service manager is told the main process',
      { connected: true, env: { NOTIFY_SOCKET: '/run/n' } },
    ],
    ['where a service manager gives it sockets', { connected: true, env: { LISTEN_PID: '4711' } }],
    [
      'in a test of a script of a package manager, whose name is taken away',
      { env: { npm_lifecycle_event: '' } },
    ],
  ])('%s', (_, place) => {
    expect(startsAsLauncher(undefined, { ...shell, ...place })).toBe(false)
    expect(startsAsLauncher(true, { ...shell, ...place })).toBe(true)
  })
})

it.each(['SHELLFLIP_HANDOVER', 'SHELLFLIP_LAUNCHER', 'OXY_NOTIFY_SOCKET'])(
  'a generation that was started with %s is not a launcher, whatever is requested',
  (variable) => {
    const place = {
      ...shell,
      pid: 1,
      connected: true,
      env: { [variable]: '3', npm_lifecycle_event: 'start' },
    }
    expect(startsAsLauncher(undefined, place)).toBe(false)
    expect(startsAsLauncher(true, place)).toBe(false)
  },
)
