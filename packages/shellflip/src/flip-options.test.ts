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

test('what launch may be', () => {
  const launch = { file: 'node', args: ['app.js'], cwd: undefined, env: { A: '1', B: undefined } }
  expect(normalizeOptions({ launch } as unknown as AnyFlipOptions).launch).toBe(launch)
})

describe('mistakes', () => {
  test.each<[Record<string, unknown>, RegExp]>([
    [{ readyTimeoutMs: 0 }, /^readyTimeoutMs is a number of milliseconds from 1 to 2147483647, not 0$/],
    [{ readyTimeoutMs: Number.NaN }, /^readyTimeoutMs .* not NaN$/],
    [{ readyTimeoutMs: Infinity }, /^readyTimeoutMs .* not Infinity$/],
    [{ readyTimeoutMs: '60s' }, /^readyTimeoutMs .* not 60s$/],
    [{ drainDeadlineMs: -1 }, /^drainDeadlineMs is a number of milliseconds from 1 to 2147483647, not -1$/],
    [{ drainDeadlineMs: 2 ** 31 }, /^drainDeadlineMs .* not 2147483648$/],
    [{ maxDraining: 0 }, /^maxDraining is a whole number from 1 on, not 0$/],
    [{ maxDraining: 1.5 }, /^maxDraining .* not 1\.5$/],
    [{ signals: ['SIGKILL'] }, /^SIGKILL is no signal that a process can handle$/],
    [{ signals: ['SIGSTOP'] }, /^SIGSTOP is no signal/],
    [{ signals: ['USR2'] }, /^USR2 is no signal/],
    [{ signals: ['toString'] }, /^toString is no signal/],
    [{ stopSignals: ['SIGFOO'] }, /^SIGFOO is no signal/],
    [{ signals: 'SIGHUP' }, /^signals is a list of signal names, such as \['SIGUSR2'\]$/],
    [{ stopSignals: 'SIGTERM' }, /^stopSignals is a list of signal names/],
    [{ signals: ['SIGTERM'] }, /^SIGTERM cannot ask for an upgrade and for the end as well$/],
    [{ state }, /^state and save go together: what the state is, and how to get it$/],
    [{ save: () => 1 }, /^state and save go together/],
    [{ launch: 'app.js' }, /^launch must be an object, not "app\.js"$/],
    [{ launch: { argv: [] } }, /^launch\.argv is not an option\. Use one of: file, args, cwd, env$/],
    [{ launch: { file: 7 } }, /^launch\.file must be a path, not 7$/],
    [{ launch: { file: '' } }, /^launch\.file must be a path, not ""$/],
    [{ launch: { cwd: null } }, /^launch\.cwd must be a path, not null$/],
    [{ launch: { args: 'app.js' } }, /^launch\.args must be a list of strings, not "app\.js"$/],
    [{ launch: { args: ['a', 8080] } }, /^launch\.args\[1\] must be a string, not 8080$/],
    [{ launch: { args: ['a\0b'] } }, /^launch\.args\[0\] must be a string, not "a\\u0000b"$/],
    [{ launch: { env: ['A=1'] } }, /^launch\.env must be an object of strings, not a list$/],
    [{ launch: { env: { PORT: 8080 } } }, /^launch\.env\.PORT must be a string, or undefined .*, not 8080$/],
    [{ launch: { env: { 'A=B': '' } } }, /^launch\.env: "A=B" cannot be the name of a variable$/],
    [{ fromRust: () => 1 }, /^fromRust needs state and save: what it returns is what flip\.state is$/],
  ])('%j', (options, message) => {
    const normalize = () => normalizeOptions(options as AnyFlipOptions)
    expect(normalize).toThrow(
      expect.objectContaining({ name: 'ShellflipError', code: 'ERR_INVALID_ARGUMENT' }),
    )
    expect(normalize).toThrow(message)
  })
})
