import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { socketpair } from '@shellflip/fd-passing'
import { environment, median } from '../measure.mjs'

const runs = 3
const ends = fileURLToPath(new URL('processes/state-ends.mjs', import.meta.url))
const peerIs = 'raw socketpair copy'

const shapes = {
  buffer: 'one Buffer',
  parts: 'Buffers of 64 KiB',
  stream: 'a stream of items of 64 KiB',
}

/**
 * From save() in one process until the value is in another one, and the same bytes through a socketpair between two such processes. The
 * peak of memory is VmHWM of each process, less what it had before the transfer. The pages of a memory file belong to no process: they
 * are in neither figure, and come to 16 MiB for a stream and to the state for a value, until the successor has read it.
 */
export async function stateTransfer() {
  const rows = []
  for (const mebibytes of [1, 16, 64, 256]) {
    for (const [shape, what] of Object.entries(shapes)) {
      if (mebibytes < 256 && shape !== 'buffer') continue
      rows.push(...(await compare(shape, what, mebibytes)))
    }
  }
  return rows
}

async function compare(shape, what, mebibytes) {
  const results = { ours: [], raw: [] }
  // The first run warms the memory of the machine.
  for (let run = 0; run <= runs; run++) {
    for (const way of ['ours', 'raw']) {
      const result = await transfer(way, shape, mebibytes)
      if (run > 0) results[way].push(result)
    }
  }
  const of = (way, figure) => median(results[way].map((result) => result[figure]))
  const row = (label, unit, figure) => ({
    what: `state of ${mebibytes} MiB, ${what}: ${label}`,
    ours: of('ours', figure),
    peer: of('raw', figure),
    unit,
    peerIs,
  })
  const rows = [row('save() to value', 'ms', 'ms')]
  if (mebibytes < 256) return rows
  return [
    ...rows,
    row('peak of the predecessor', 'MiB', 'given'),
    row('peak of the successor', 'MiB', 'taken'),
  ]
}

async function transfer(way, shape, mebibytes) {
  const [left, right] = socketpair('stream')
  const start = (side, fd) =>
    fork(ends, [side, way, shape, mebibytes], {
      stdio: ['ignore', 'inherit', 'inherit', fd.fd, 'ipc'],
      env: environment,
    })
  const [giver, taker] = [start('give', left), start('take', right)]
  left.close()
  right.close()
  try {
    await Promise.all([once(giver, 'message'), once(taker, 'message')])
    taker.send('go')
    giver.send('go')
    const [[given], [taken]] = await Promise.all([once(giver, 'message'), once(taker, 'message')])
    const ms = Number(BigInt(taken.at) - BigInt(given.at)) / 1e6
    return { ms, given: given.peak, taken: taken.peak }
  } finally {
    giver.kill()
    taker.kill()
  }
}
