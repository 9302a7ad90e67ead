import { resolve } from 'node:path'
import { defineState } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AnyFlipOptions, normalizeOptions } from './flip-options.ts'

const state = defineState({ name: 'visits', version: 1, schema: z.unknown() })

test('the defaults', () => {
  expect(normalizeOptions({})).toMatchObject({
    signals: ['SIGUSR2'],
    stopSignals: ['SIGTERM', 'SIGINT'],
    readyTimeoutMs: 60_000,
    drainDeadlineMs: 60_000,
    maxDraining: 3,
    exitOnError: false,
  })
})

test('undefined is as good as nothing', () => {
  const nothing = { readyTimeoutMs: undefined, signals: undefined } as unknown as AnyFlipOptions
  expect(normalizeOptions(nothing)).toEqual(normalizeOptions({}))
})

test('paths are made absolute before anyone changes the directory; the lock stands beside the control socket', () => {
  const { controlSocket, lock, pidFile } = normalizeOptions({ controlSocket: 'a.sock', pidFile: 'a.pid' })
  expect([controlSocket, lock?.path, pidFile]).toEqual(
    ['a.sock', 'a.sock.lock', 'a.pid'].map((path) => resolve(path)),
  )
  expect(lock?.required).toBe(false)
  const named = normalizeOptions({ controlSocket: 'a.sock', lockFile: 'b' })
  expect(named.lock).toEqual({ path: resolve('b'), required: true })
  expect(normalizeOptions({}).lock).toBeUndefined()
})

test('a signal that is named twice is handled once', () => {
  const { signals, stopSignals } = normalizeOptions({
    signals: ['SIGUSR2', 'SIGUSR2'],
    stopSignals: ['SIGTERM', 'SIGINT', 'SIGTERM'],
  })
  expect([signals, stopSignals]).toEqual([['SIGUSR2'], ['SIGTERM', 'SIGINT']])
})

test('what launch may be', () => {
  const launch = { file: 'node', args: ['app.js'], cwd: undefined, env: { A: '1', B: undefined } }
  expect(normalizeOptions({ launch } as unknown as AnyFlipOptions).launch).toBe(launch)
})

describe('mistakes', () => {
  test.each<[Record<string, unknown>, RegExp]>([
    [
      { readyTimeoutMs: 0 },
      /^readyTimeoutMs must be a number of milliseconds from 1 to 2147483647, not 0\.$/,
    ],
    [{ readyTimeoutMs: Number.NaN }, /^readyTimeoutMs .* not NaN\.$/],
    [{ readyTimeoutMs: Infinity }, /^readyTimeoutMs .* not Infinity\.$/],
    [{ readyTimeoutMs: '60s' }, /^readyTimeoutMs .* not "60s"\.$/],
    [{ drainDeadlineMs: -1 }, /^drainDeadlineMs must be a number of .* not -1\.$/],
    [{ drainDeadlineMs: 2 ** 31 }, /^drainDeadlineMs .* not 2147483648\.$/],
    [{ maxDraining: 0 }, /^maxDraining must be a whole number from 1 on, not 0\.$/],
    [{ maxDraining: 1.5 }, /^maxDraining .* not 1\.5\.$/],
    [{ handover: 'fdstore' }, /^handover must be 'successor' or 'fd-store', not "fdstore"\.$/],
    [{ signals: ['SIGKILL'] }, /^signals cannot have SIGKILL: no process can handle it\. Remove it\.$/],
    [{ signals: ['SIGSTOP'] }, /^signals cannot have SIGSTOP/],
    [
      { signals: ['SIGSEGV'] },
      /^signals cannot have SIGSEGV: after a fault no handler can run\. Remove it\.$/,
    ],
    [{ signals: ['USR2'] }, /^signals must .* such as 'SIGUSR2', not "USR2"\. Did you mean 'SIGUSR2'\?$/],
    [{ signals: ['sigusr2'] }, /not "sigusr2"\. Did you mean 'SIGUSR2'\?$/],
    [{ signals: ['toString'] }, /^signals must have names of signals .* not "toString"\.$/],
    [{ signals: [12] }, /^signals must have names of signals .* not 12\. Did you mean 'SIGUSR2'\?$/],
    [{ stopSignals: ['SIGFOO'] }, /^stopSignals must have names of signals .* not "SIGFOO"\./],
    [{ signals: 'SIGHUP' }, /^signals must be a list of signal names such as \['SIGUSR2'\], not "SIGHUP"\.$/],
    [{ stopSignals: 'SIGTERM' }, /^stopSignals must be a list of signal names/],
    [{ signals: ['SIGTERM'] }, /^SIGTERM cannot both upgrade and stop\. Remove it from/],
    [{ state }, /^state needs save: a function that returns the state\.$/],
    [{ save: () => 1 }, /^save needs state: what defineState\(\) or defineStateStream\(\) returns\.$/],
    [{ state, save: 1 }, /^shellflip\(\): save must be a function, not 1\.$/],
    [{ launch: 'app.js' }, /^launch takes its options as an object, not "app\.js"\.$/],
    [{ launch: { argv: [] } }, /^launch has no option "argv"\. Did you mean "args"\?$/],
    [{ launch: { file: 7 } }, /^launch\.file must be a path, not 7$/],
    [{ launch: { file: '' } }, /^launch\.file must be a path, not ""$/],
    [{ launch: { cwd: null } }, /^launch\.cwd must be a path, not null$/],
    [{ launch: { args: 'app.js' } }, /^launch\.args must be a list of strings, not "app\.js"$/],
    [{ launch: { args: ['a', 8080] } }, /^launch\.args\[1\] must be a string, not 8080$/],
    [{ launch: { args: ['a\0b'] } }, /^launch\.args\[0\] must be a string, not "a\\u0000b"$/],
    [{ launch: { env: ['A=1'] } }, /^launch\.env must be an object of strings, not an array$/],
    [{ launch: { env: { PORT: 8080 } } }, /^launch\.env\.PORT must be a string, or undefined .*, not 8080$/],
    [{ launch: { env: { 'A=B': '' } } }, /^launch\.env: "A=B" cannot be the name of a variable$/],
    [{ fromRust: () => 1 }, /^fromRust needs state and save\. What fromRust returns becomes flip\.state\.$/],
    [
      { controlsocket: 'x' },
      /^shellflip\(\) has no option "controlsocket"\. Did you mean "controlSocket"\?$/,
    ],
    [{ readyTimeout: 1 }, /^shellflip\(\) has no option "readyTimeout"\. Did you mean "readyTimeoutMs"\?$/],
    [{ port: 1 }, /^shellflip\(\) has no option "port"\. It has "handover", "controlSocket"/],
    [{ controlSocket: '' }, /^shellflip\(\): controlSocket must be a path, not ""\.$/],
    [{ controlSocket: 'a\0b' }, /^shellflip\(\): controlSocket must be a path, not "a\\u0000b"\.$/],
    [{ lockFile: 'a\0b' }, /^shellflip\(\): lockFile must be a path/],
    [
      { pidFile: 'x', lockFile: './x' },
      /^pidFile and lockFile are both .*x\. Give each a path of its own\.$/,
    ],
    [{ controlSocket: 'x', pidFile: 'x' }, /^controlSocket and pidFile are both/],
    [{ pidFile: 7 }, /^shellflip\(\): pidFile must be a string, not 7\.$/],
    [{ launcher: 'yes' }, /^shellflip\(\): launcher must be true or false, not "yes"\.$/],
    [{ onEvent: {} }, /^shellflip\(\): onEvent must be a function, not an object\.$/],
  ])('%j', (options, message) => {
    const normalize = () => normalizeOptions(options as AnyFlipOptions)
    expect(normalize).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    expect(normalize).toThrow(message)
  })
})
