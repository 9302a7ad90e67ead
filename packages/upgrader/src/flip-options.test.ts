import { resolve } from 'node:path'
import { defineState } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AnyFlipOptions, normalizeOptions } from './flip-options.ts'

const state = defineState({ name: 'visits', version: 1, schema: z.unknown() })

test('the defaults', () => {
  expect(normalizeOptions({})).toMatchObject({
    upgradeSignals: ['SIGUSR2'],
    stopSignals: ['SIGTERM', 'SIGINT'],
    readyTimeoutMs: 60_000,
    drainTimeoutMs: 60_000,
    maxDraining: 3,
    exitOnError: false,
  })
})

test('undefined is as good as nothing', () => {
  const nothing = { readyTimeoutMs: undefined, upgradeSignals: undefined } as unknown as AnyFlipOptions
  expect(normalizeOptions(nothing)).toEqual(normalizeOptions({}))
})

test('paths are made absolute before chdir(), and the lock is beside the control socket', () => {
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
  const { upgradeSignals, stopSignals } = normalizeOptions({
    upgradeSignals: ['SIGUSR2', 'SIGUSR2'],
    stopSignals: ['SIGTERM', 'SIGINT', 'SIGTERM'],
  })
  expect([upgradeSignals, stopSignals]).toEqual([['SIGUSR2'], ['SIGTERM', 'SIGINT']])
})

test('what successor may be', () => {
  const successor = { file: 'node', args: ['app.js'], cwd: undefined, env: { A: '1', B: undefined } }
  expect(normalizeOptions({ successor } as unknown as AnyFlipOptions).successor).toBe(successor)
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
    [{ drainTimeoutMs: -1 }, /^drainTimeoutMs must be a number of .* not -1\.$/],
    [{ drainTimeoutMs: 2 ** 31 }, /^drainTimeoutMs .* not 2147483648\.$/],
    [{ maxDraining: 0 }, /^maxDraining must be a whole number from 1 on, not 0\.$/],
    [{ maxDraining: 1.5 }, /^maxDraining .* not 1\.5\.$/],
    [
      { handover: 'fdstore' },
      /^handover must be 'successor', 'fd-store' or 'rust-successor', not "fdstore"\.$/,
    ],
    [
      { upgradeSignals: ['SIGKILL'] },
      /^upgradeSignals cannot have SIGKILL: no process can handle it\. Remove it\.$/,
    ],
    [{ upgradeSignals: ['SIGSTOP'] }, /^upgradeSignals cannot have SIGSTOP/],
    [
      { upgradeSignals: ['SIGSEGV'] },
      /^upgradeSignals cannot have SIGSEGV, because handlers cannot run after a fault\. Remove it\.$/,
    ],
    [
      { upgradeSignals: ['USR2'] },
      /^upgradeSignals must .* such as 'SIGUSR2', not "USR2"\. Did you mean 'SIGUSR2'\?$/,
    ],
    [{ upgradeSignals: ['sigusr2'] }, /not "sigusr2"\. Did you mean 'SIGUSR2'\?$/],
    [{ upgradeSignals: ['toString'] }, /^upgradeSignals must have names of signals .* not "toString"\.$/],
    [
      { upgradeSignals: [12] },
      /^upgradeSignals must have names of signals .* not 12\. Did you mean 'SIGUSR2'\?$/,
    ],
    [{ stopSignals: ['SIGFOO'] }, /^stopSignals must have names of signals .* not "SIGFOO"\./],
    [
      { upgradeSignals: 'SIGHUP' },
      /^upgradeSignals must be a list of signal names such as \['SIGUSR2'\], not "SIGHUP"\.$/,
    ],
    [{ stopSignals: 'SIGTERM' }, /^stopSignals must be a list of signal names/],
    [{ upgradeSignals: ['SIGTERM'] }, /^SIGTERM cannot both upgrade and stop\. Remove it from/],
    [{ state }, /^state needs save. Pass a function that returns the state\.$/],
    [{ save: () => 1 }, /^save needs state. Pass what defineState\(\) or defineStateStream\(\) returns\.$/],
    [{ state, save: 1 }, /^shellflip\(\): save must be a function, not 1\.$/],
    [{ successor: 'app.js' }, /^successor takes its options as an object, not "app\.js"\.$/],
    [{ successor: { argv: [] } }, /^successor has no option "argv"\. Did you mean "args"\?$/],
    [{ successor: { file: 7 } }, /^successor\.file must be a path, not 7$/],
    [{ successor: { file: '' } }, /^successor\.file must be a path, not ""$/],
    [{ successor: { cwd: null } }, /^successor\.cwd must be a path, not null$/],
    [{ successor: { args: 'app.js' } }, /^successor\.args must be a list of strings, not "app\.js"$/],
    [{ successor: { args: ['a', 8080] } }, /^successor\.args\[1\] must be a string, not 8080$/],
    [{ successor: { args: ['a\0b'] } }, /^successor\.args\[0\] must be a string, not "a\\u0000b"$/],
    [{ successor: { env: ['A=1'] } }, /^successor\.env must be an object of strings, not an array$/],
    [
      { successor: { env: { PORT: 8080 } } },
      /^successor\.env\.PORT must be a string, or undefined .*, not 8080$/,
    ],
    [{ successor: { env: { 'A=B': '' } } }, /^successor\.env: "A=B" cannot be the name of a variable$/],
    [{ fromRust: () => 1 }, /^fromRust needs state and save\. What fromRust returns becomes flip\.state\.$/],
    [{ toRust: () => '' }, /^toRust needs state and save\. It encodes what save returns\.$/],
    [
      { handover: 'rust-successor', launcher: true },
      /^launcher cannot be true with handover: 'rust-successor'/,
    ],
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
