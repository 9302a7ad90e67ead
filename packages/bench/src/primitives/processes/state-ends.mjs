// One end of a transfer: `node state-ends.mjs give|take WAY SHAPE MEBIBYTES`, with the socket at fd 3.
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { giveHandover, HandoverChannel, takeOver } from '@shellflip/handover'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { z } from 'zod'

const MiB = 1024 ** 2
const [side, way, shape, mebibytes] = process.argv.slice(2)
const bytes = Number(mebibytes) * MiB
const partBytes = 64 * 1024
const definition =
  shape === 'stream'
    ? defineStateStream({ name: 'state', version: 1, schema: z.instanceof(Buffer) })
    : defineState({ name: 'state', version: 1, schema: z.any() })

const ends = { give: { ours: giveOurs, raw: giveRaw }, take: { ours: takeOurs, raw: takeRaw } }

const run = ends[side][way]()
const idle = peakMiB()
process.send('here')
process.once('message', async () => {
  const at = await run()
  process.send({ at: String(at), peak: peakMiB() - idle })
})

/** The state is there before the time starts. So is its memory in `idle` of this side. */
function stateToGive() {
  if (shape === 'buffer') return Buffer.alloc(bytes, 7)
  return Array.from({ length: bytes / partBytes }, () => Buffer.alloc(partBytes, 7))
}

function giveOurs() {
  const state = stateToGive()
  const channel = HandoverChannel.adopt(3)
  let at
  const save = () => {
    at = process.hrtime.bigint()
    return state
  }
  const saved = shape === 'stream' ? 'items' : 'value'
  const offered = Object.defineProperty({ definition }, saved, { get: save, enumerable: true })
  return async () => {
    const result = await giveHandover(channel, { version: '1', sockets: [], state: offered })
    if (result.type !== 'committed') throw new Error(JSON.stringify(result))
    return at
  }
}

function takeOurs() {
  const channel = HandoverChannel.adopt(3)
  return async () => {
    const takeover = await takeOver(channel, { states: [definition] })
    const state =
      shape === 'stream' ? await collect(takeover.items(definition)) : await takeover.state(definition)
    const at = process.hrtime.bigint()
    check(shape === 'buffer' ? [state] : state)
    await takeover.ready()
    takeover.close()
    return at
  }
}

function giveRaw() {
  const state = stateToGive()
  const socket = new Socket({ fd: 3 })
  return async () => {
    const at = process.hrtime.bigint()
    for (const part of [state].flat()) socket.write(part)
    await new Promise((resolve) => socket.end(resolve))
    return at
  }
}

/** The cheapest way that Node has: one block is read into, again and again, and copied to its place. */
function takeRaw() {
  const state = Buffer.allocUnsafeSlow(bytes)
  const block = Buffer.allocUnsafeSlow(MiB)
  return async () => {
    let filled = 0
    await new Promise((resolve, reject) => {
      const onread = {
        buffer: block,
        callback(count, buffer) {
          filled += buffer.copy(state, filled, 0, count)
          if (filled === bytes) resolve()
          return true
        },
      }
      new Socket({ fd: 3, onread }).on('error', reject).resume()
    })
    const at = process.hrtime.bigint()
    check([state])
    return at
  }
}

async function collect(items) {
  const found = []
  for await (const item of items) found.push(item)
  return found
}

function check(parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (length !== bytes || parts.at(-1).at(-1) !== 7) throw new Error('the state did not arrive')
}

function peakMiB() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024
}
