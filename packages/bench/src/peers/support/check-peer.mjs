import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { ask, askWhole, generationOf } from './ask.mjs'
import { isAlive } from './is-alive.mjs'
import { makeCertificate } from './make-certificate.mjs'
import { frame, readFrames, textFrame } from './web-socket.mjs'

const onlyNewAnswers = 20

/** Starts a peer, asks for all it answers, reloads it twice and stops it. Returns what it saw, as a line. */
export async function checkPeer(peer, shape) {
  if (peer.shapes[shape] !== true) return `not checked: ${peer.shapes[shape]}`
  const place = temporaryFolder('peer-')
  try {
    const certificate = await makeCertificate(place.path)
    const folder = place.join('run')
    mkdirSync(folder)
    return await checkStarted(peer, await peer.start({ folder, shape, ...certificate }))
  } finally {
    place[Symbol.dispose]()
  }
}

async function checkStarted(peer, started) {
  const pids = new Set(started.pids())
  try {
    await checkAnswers(started, peer.shapes)
    const reloads = [await checkReload(started), await checkReload(started)]
    for (const pid of started.pids()) pids.add(pid)
    if (started.supervisorPid !== undefined)
      assert.ok(pids.has(started.supervisorPid), 'the supervisor is of the tree')
    return `${await peer.version()}, only new after ${reloads.join(' and ')} ms, ${pids.size} processes seen`
  } finally {
    await started.stop()
    await checkNothingIsLeft(started, pids)
  }
}

async function checkAnswers(started, shapes) {
  const small = await askWhole(started)
  assert.equal(small.status, 200)
  assert.match(small.body, /^GENERATION \S+\n$/)
  assert.equal(small.headers['content-length'], String(small.body.length))
  const big = await askWhole(started, '/big')
  assert.equal(big.headers['content-length'], '204800')
  assert.match(big.body, /^GENERATION \S+\n\.+$/)
  assert.equal(big.body.length, 204_800)
  if (shapes.L === true) await checkStream(started)
  if ((shapes.LW ?? shapes.L) === true) await checkWebSocket(started)
}

async function checkStream(started) {
  const response = await ask(started, '/stream')
  let text = ''
  for await (const part of response.setEncoding('utf8')) {
    text += part
    if (text.includes('tick 3\n')) break
  }
  assert.match(text, /^GENERATION \S+\ntick 1\ntick 2\ntick 3\n/)
}

async function checkWebSocket(started) {
  const key = randomBytes(16).toString('base64')
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': 13,
  }
  const { response, socket } = await ask(started, '/ws', { headers })
  assert.equal(response?.statusCode, 101)
  const echoed = new Promise((resolve) => readFrames(socket, (_head, payload) => resolve(payload.toString())))
  socket.write(frame(textFrame, Buffer.from('hello'), randomBytes(4)))
  assert.equal(await echoed, 'hello')
  socket.destroy()
}

/** Reloads, and returns the milliseconds until the last answer of a generation that was seen before. */
async function checkReload(started) {
  const old = new Set()
  for (let n = 0; n < onlyNewAnswers; n++) old.add(await generation(started))
  const startedAt = performance.now()
  let lastOld = startedAt
  const reloaded = started.reload()
  reloaded.catch(() => {})
  await waitFor(
    async () => {
      for (let n = 0; n < onlyNewAnswers; n++) {
        if (!old.has(await generation(started))) continue
        lastOld = performance.now()
        return false
      }
      return true
    },
    { what: 'answers of the new generation only', deadlineMs: 20_000 },
  )
  await reloaded
  return Math.round(lastOld - startedAt)
}

async function generation(started) {
  return generationOf((await askWhole(started)).body)
}

async function checkNothingIsLeft(started, pids) {
  const left = () => [...pids].filter(isAlive)
  await waitFor(() => left().length === 0, { what: `the end of ${left().join(', ')}` })
  await assert.rejects(ask(started), /ECONNREFUSED|ENOENT/)
  assert.deepEqual(started.pids(), [])
}
