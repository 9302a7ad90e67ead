import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import './native.ts'

const addon = Object.keys(createRequire(import.meta.url).cache).find((path) => path.endsWith('.node'))

/**
 * Calls every function of the addon with wrong values: alone, at each place after right ones, and everywhere. A value that is
 * converted to a number (NaN to 0, 2 ** 32 to 0, a text to -1) shows as a function that succeeds.
 */
const callEverything = `
  import { spawn } from 'node:child_process'
  import { createRequire } from 'node:module'
  const require = createRequire(process.cwd() + '/')
  const native = require(process.env.ADDON)
  const foreign = require(process.env.FOREIGN_ADDON)
  // waitpid(-1) would find it.
  const child = spawn('sleep', ['60'])
  const transferred = new Uint8Array(64)
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] })
  const shrunk = new Int32Array(new ArrayBuffer(64, { maxByteLength: 64 }), 32, 4)
  shrunk.buffer.resize(8)
  const [left, right] = native.socketpair(native.SOCK_STREAM)
  const watcher = native.watch(right, () => {})
  const closed = native.watch(left, () => {})
  native.unwatch(closed)
  const wrong = [
    undefined, null, true, NaN, Infinity, -Infinity, -1, -2147483648, 0.5, 2 ** 31, 2 ** 32, 2 ** 40, 1e300,
    10n, -1n, 2n ** 80n, '', '0', 'text', 'a\\0b', 'x'.repeat(100_000), '\\ud800', Symbol('s'),
    {}, [], [0], new Date(), /r/, new Map(), new WeakMap(), () => {}, class {}, new Error('e'), Promise.resolve(),
    new Proxy({}, {}), new Proxy(() => {}, {}), new Proxy(watcher, {}), Object.create(null), Object.create(watcher),
    { valueOf: () => { throw new Error('converted') } }, new Number(0), new String('@name'), globalThis, native,
    transferred, shrunk, new Uint8Array(0), new Uint8Array(new SharedArrayBuffer(8)), new Int32Array(300),
    new Float64Array(2), new BigInt64Array(2), new Uint8ClampedArray(8), new DataView(new ArrayBuffer(8)),
    new ArrayBuffer(8), foreign.wrapped, foreign.external,
  ]
  const bytes = new Uint8Array(1)
  const withRightOnes = (value) => [
    [left, value], [left, 1, value], [left, '@x', value], [left, 'name', 1n, value], [left, 'name', 1n, 1n, value],
    [left, bytes, value], [left, bytes, undefined, value], [left, bytes, undefined, undefined, value],
    [watcher, value], [closed, value],
  ]
  const succeeded = new Set()
  let calls = 0
  const call = (name, given) => {
    calls++
    return native[name](...given)
  }
  for (const name of Object.keys(native)) {
    if (typeof native[name] !== 'function' || name === 'pipe' || name === 'findZombie') continue
    for (const value of wrong) {
      const answer = call(name, [value])
      if (typeof answer !== 'number' || answer >= 0) succeeded.add(name + ' of a ' + typeof value + ': ' + answer)
      call(name, Array(8).fill(value))
      if (name === 'close' || (name === 'watch' && typeof value === 'function')) continue
      for (const given of withRightOnes(value)) call(name, given)
    }
  }
  // libuv aborts at events that it does not know.
  for (const events of [4, 8, 16, 1 << 20]) call('want', [watcher, events])
  for (const fd of [0, 1, 2, left, right]) if (native.getCloexec(fd) < 0) succeeded.add('close of ' + fd)
  console.log(JSON.stringify({ calls, succeeded: [...succeeded] }))
  child.kill()
  process.exit()
`

test.runIf(process.platform === 'linux')(
  'no value from JavaScript ends the process, or is taken for another one',
  async () => {
    using folder = temporaryFolder()
    const source = fileURLToPath(new URL('./testing/foreign-addon.c', import.meta.url))
    execFileSync(process.env.CC || 'cc', ['-shared', '-fPIC', '-o', folder.join('foreign.node'), source])
    await using run = TestProcess.node(['--no-warnings', '--input-type=module', '-e', callEverything], {
      env: { ADDON: addon, FOREIGN_ADDON: folder.join('foreign.node') },
      cwd: folder.path,
    })
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const { calls, succeeded } = JSON.parse(run.stdout)
    expect(calls).toBeGreaterThan(10_000)
    expect(succeeded).toEqual([])
  },
)
