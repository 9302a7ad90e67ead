// Loaded before fault-service.mjs (--import). Makes one call of the process fail, as fault.json in FLIP_FOLDER says, and
// reports to events.jsonl there. The functions of node:fs, node:net, node:dgram, node:timers and of the native addon are the seam.
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { constants } from 'node:os'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

const folder = process.env.FLIP_FOLDER
const isSuccessor = process.env.SHELLFLIP_HANDOVER !== undefined
// As they are before any of them is made to fail.
const { openSync, readFileSync, writeSync } = fs
const { kill: signal } = process
const output = openSync(`${folder}/events.jsonl`, 'a')

/** { side, call, nth, action } or { side, point, action }; or { side, record: true }. */
const read = (name) => {
  try {
    return JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'))
  } catch {
    return {}
  }
}
const { options = {} } = read('options')
let fault = read('fault')
let isArmed = false
let hasBegun = false
/** A process that hangs from then on is a service that hangs. How often it receives before that differs. */
let hasSaidServing = false
/** How often each call was made since this was armed, in the order of the first one. */
const counts = new Map()
const recorded = []

/** A line of a test's report. A fault that is injected into this very write must not lose it. */
function report({ pid: successor, ...event }) {
  const line = `${JSON.stringify({ pid: process.pid, ...event, successor })}\n`
  for (let tries = 0; tries < 5; tries++) {
    try {
      writeSync(output, line)
      return
    } catch {
      // Tried again.
    }
  }
}

function tell() {
  report({ type: 'recorded', calls: recorded })
}

function arm(side) {
  if (side === 'predecessor') fault = read('fault')
  if (fault.side !== side || isArmed) return
  isArmed = true
  counts.clear()
  if (fault.record && side === 'predecessor') process.on('exit', tell)
}

/** Ends this process, or its event loop, or lets an error come up in the next turn. */
const disasters = {
  exit: () => process.exit(3),
  abort: () => process.abort(),
  kill: () => signal.call(process, process.pid, 'SIGKILL'),
  uncaught: () => process.nextTick(() => fail('injected')),
  'uncaught in the next turn': () => setImmediate(() => fail('injected')),
  rejection: () => void Promise.reject(new Error('injected')),
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
}
function fail(message) {
  throw new Error(message)
}

/** @returns whether this call is the one that fails */
function isDue(call) {
  if (!isArmed) return false
  const count = (counts.get(call) ?? 0) + 1
  counts.set(call, count)
  if (fault.record) recorded.push([call, count])
  if (fault.action === 'block' && hasSaidServing) return false
  return call === fault.call && count === fault.nth
}

/** A step of the service. Waits where a test attaches to this process. */
function reach(point) {
  if (point === 'ready' && fault.record && isArmed && fault.side === 'successor') tell()
  if (point === 'ready') isArmed &&= fault.side === 'predecessor'
  if (fault.side !== 'successor' || !isSuccessor || fault.point !== point) return undefined
  report({ type: 'fault', point })
  disasters[fault.action]()
  return undefined
}

const systemError = (code, what) => {
  const errno = constants.errno[code]
  return Object.assign(new Error(`${code}: injected, ${what}`), { code, errno: -errno, syscall: what })
}

/**
 * Makes a function one of the seam.
 *
 * @param failWith how it fails with an errno
 */
function onSeam(group, object, name, failWith) {
  const call = `${group}.${name}`
  const original = object[name]
  if (typeof original !== 'function') return
  object[name] = function (...args) {
    if (args[0] === output || !isDue(call)) return Reflect.apply(original, this, args)
    report({ type: 'fault', call, nth: fault.nth })
    const disaster = disasters[fault.action]
    // Linux closes a descriptor also where it reports an error (close(2)).
    if (disaster === undefined && name === 'close') Reflect.apply(original, this, args)
    if (disaster === undefined) return failWith.call(this, fault.action, call)
    disaster()
    return Reflect.apply(original, this, args)
  }
  // util.promisify.custom of timers is one.
  for (const symbol of Object.getOwnPropertySymbols(original)) object[name][symbol] = original[symbol]
}

const throwing = (code, what) => {
  throw systemError(code, what)
}
const rejecting = async (code, what) => throwing(code, what)
/** As the system's errors come up: in a later turn. */
const emitting = function (code, what) {
  process.nextTick(() => this.emit('error', systemError(code, what)))
  return this
}

for (const name of Object.keys(fs)) if (name.endsWith('Sync')) onSeam('fs', fs, name, throwing)
onSeam('net', net.Server.prototype, 'listen', throwing)
onSeam('net', net.Server.prototype, 'close', throwing)
onSeam('net', net.Socket.prototype, 'connect', emitting)
onSeam('net', net.Socket.prototype, 'write', emitting)
onSeam('dgram', dgram.Socket.prototype, 'bind', throwing)
onSeam('process', process, 'kill', throwing)
onSeam('child_process', childProcess, 'spawn', throwing)
onSeam('timers', timers, 'setTimeout', throwing)
onSeam('timers', timers, 'setImmediate', throwing)
onSeam('timers/promises', timersPromises, 'setImmediate', rejecting)
onSeam('timers/promises', timersPromises, 'setTimeout', rejecting)
globalThis.setTimeout = timers.setTimeout
globalThis.setImmediate = timers.setImmediate
syncBuiltinESMExports()

const { dlopen } = process
process.dlopen = (module, ...rest) => {
  Reflect.apply(dlopen, process, [module, ...rest])
  if (typeof module.exports.pidfdOpen !== 'function') return
  const native = { ...module.exports }
  for (const name of Object.keys(native)) {
    onSeam('native', native, name, (code) => -constants.errno[code])
  }
  // The takeover begins with the first message that a successor sends.
  const { send } = native
  native.send = (...args) => {
    if (isSuccessor && !hasBegun) begin()
    const sent = send(...args)
    hasSaidServing ||= isSuccessor && isServing(args[1])
    return sent
  }
  module.exports = native
}

/** A head without a payload: length (u32), kind 11 (u8), number of descriptors (u16). */
function isServing(data) {
  return data.length === 7 && data[4] === 11
}

function begin() {
  hasBegun = true
  arm('successor')
  if (fault.side !== 'successor' || fault.strace === undefined) return
  report({ type: 'attach' })
  signal.call(process, process.pid, 'SIGSTOP')
}

globalThis.faultSeam = { report, reach, arm, options }
