import { createRequire } from 'node:module'
import { TestProcess } from '@shellflip/testing'
import { expect, test } from 'vitest'
import './native.ts'

const loaded = Object.keys(createRequire(import.meta.url).cache).find((path) => path.endsWith('.node'))

/**
 * Calls every function of the addon with wrong values at each place in turn, and with wrong values everywhere. A number
 * that is converted to a descriptor (NaN to 0, 2 ** 32 to 0) would show as a function that succeeds.
 */
const callEverything = `
  import { createRequire } from 'node:module'
  import { createSecureContext } from 'node:tls'
  const native = createRequire(process.cwd() + '/')(process.env.ADDON)
  const transferred = new Uint8Array(64)
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] })
  const shrunk = new Int32Array(new ArrayBuffer(64, { maxByteLength: 64 }), 32, 4)
  shrunk.buffer.resize(8)
  const [left, right] = native.socketpair(native.SOCK_STREAM)
  const watcher = native.watch(left, () => {})
  native.unwatch(watcher)
  const wrong = [
    undefined, null, true, NaN, Infinity, -Infinity, -1, -2147483648, 0.5, 2 ** 31, 2 ** 32, 2 ** 40, 1e300, 10n, -1n, 2n ** 80n,
    '', '0', 'text', 'a\\0b', 'x'.repeat(100_000), '\\ud800', Symbol('s'), {}, [], [0], new Date(), /r/, new Map(), () => {}, class {},
    new Proxy({}, {}), new Proxy(() => {}, {}), Object.create(null), Object.create(watcher), watcher,
    { valueOf: () => { throw new Error('converted') } }, new Number(0), new String('@name'), transferred, shrunk,
    new Uint8Array(0), new Uint8Array(new SharedArrayBuffer(8)), new Int32Array(300), new Float64Array(2), new BigInt64Array(2),
    new Uint8ClampedArray(8), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), globalThis, native, new Error('e'), Promise.resolve(),
    new WeakMap(),
    // Handles of others: an External, and an object with a pointer in it.
    createSecureContext().context._external, createSecureContext().context,
  ]
  const succeeded = new Set()
  let calls = 0
  for (const [name, call] of Object.entries(native)) {
    if (typeof call !== 'function' || name === 'pipe') continue
    for (const value of wrong) {
      for (const given of [[value], Array(8).fill(value), [left, value], [left, 1, value], [left, '@x', value], [watcher, value],
        [left, new Uint8Array(1), value], [left, new Uint8Array(1), undefined, value], [left, new Uint8Array(1), undefined, undefined, value]]) {
        if (name === 'close' && given[0] === left) continue
        if (name === 'unwatch' && value === watcher) continue
        if (name === 'watch' && typeof given[1] === 'function') continue
        const answer = call.apply(undefined, given)
        calls++
        if (given.length === 1 && typeof answer === 'number' && answer >= 0) succeeded.add(name + '(' + typeof value + ' ' + (value?.constructor?.name ?? String(value)) + ')')
      }
    }
    call()
    new Proxy(call, {})()
  }
  for (const fd of [0, 1, 2, left, right]) if (native.getCloexec(fd) < 0) succeeded.add('closed ' + fd)
  console.log(JSON.stringify({ calls, succeeded: [...succeeded] }))
  process.exit()
`

test('no value from JavaScript ends the process, or is taken for another one', async () => {
  await using run = TestProcess.node(['--no-warnings', '--input-type=module', '-e', callEverything], {
    env: { ADDON: loaded },
  })
  expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
  const { calls, succeeded } = JSON.parse(run.stdout)
  expect(calls).toBeGreaterThan(10_000)
  expect(succeeded).toEqual([])
})
