// The load client, in a process of its own. Its parent sends { id, method, args }, and gets { id, value | error }.
import { Load } from './load.mjs'

const probeShape = { clients: 'requests', connections: 1, keepAlive: false, thinkMs: 20 }
let load
let probe

const methods = {
  /** Begins the load. With `probe`, a client beside it finds out which generation accepts, and the longest gap. */
  async start({ probe: withProbe, ...options }) {
    load = new Load(options)
    probe = withProbe ? new Load({ ...options, shape: probeShape }) : undefined
    await Promise.all([load.started, probe?.started])
  },
  established: (deadlineMs) => load.established(deadlineMs),
  ids: () => (probe ?? load).ids,
  finished: (deadlineMs) => load.finished(deadlineMs),
  cut: () => withProbe(load.cut(), probe?.cut()),
  async stop(hangingAfterMs) {
    const [counts, probed] = await Promise.all([load.stop(hangingAfterMs), probe?.stop(hangingAfterMs)])
    return withProbe(counts, probed)
  },
}

process.on('message', async ({ id, method, args }) => {
  try {
    process.send({ id, value: await methods[method](...args) })
  } catch (error) {
    process.send({ id, error: error.stack })
  }
})
process.on('disconnect', () => process.exit())
process.send({ id: 'ready' })

function withProbe(counts, probed) {
  if (!probed) return counts
  return { ...counts, longestGapMs: probed.longestGapMs, probeFailures: probed.failures }
}
