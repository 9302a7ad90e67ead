import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '@shellflip/testing'
import { sharedNow } from '../load/clock.mjs'
import { Latencies } from '../load/latencies.mjs'
import { LoadProcess } from '../load/load-process.mjs'
import { untilOnlyNew } from './only-new.mjs'
import { ProcessTree } from './process-tree.mjs'
import { isLongLived } from './shapes.mjs'
import { summarize } from './summary.mjs'
import { Usage } from './usage.mjs'
import { within } from './within.mjs'

/** How long a peer may take, and how long no old generation may answer until a reload counts as over. */
const defaultLimits = {
  startMs: 30_000,
  reloadMs: 60_000,
  stopMs: 20_000,
  onlyNewMs: 10_000,
  settledMs: 500,
}
const defaultGraceMs = 1_000
const afterGraceMs = 2_000

/**
 * Measures one peer under one shape of load: it warms up, takes a base phase without reloads, then reloads. Resolves with a row
 * also where the peer fails: `problem` has the reason, and the row has the reloads before it.
 */
export async function measureCell({ peer, shape, certificate, signal, options: chosen }) {
  const options = { ...chosen, limits: { ...defaultLimits, ...chosen.limits } }
  const folder = temporaryFolder('bench-')
  const tree = new ProcessTree()
  const phases = { reloads: [], waits: [] }
  const load = new LoadProcess()
  let starting
  let service
  try {
    starting = peer.start(startOptions(folder, shape, certificate))
    service = await within(options.limits.startMs, 'the start', starting, signal)
    await underLoad({ peer, service, shape, load, phases, options, signal })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    phases.problem = error.message
  } finally {
    await load[Symbol.asyncDispose]()
    if (!service) stopLate(starting)
    else if (!signal.aborted) await stop(service, phases, options.limits)
    phases.leftProcesses = tree.killAll()
    folder[Symbol.dispose]()
  }
  return summarize(phases)
}

function startOptions(folder, { name, family, load }, { cert, key }) {
  const secure = family === 'T' ? { cert, key } : {}
  return { folder: folder.path, shape: family, shapeName: name, connections: load.connections, ...secure }
}

async function underLoad({ peer, service, shape, load, phases, options, signal }) {
  const secure = service.tls ?? shape.family === 'T'
  const probe = isLongLived(shape)
  await load.start({ target: service.target, secure, shape: shape.load, probe })
  if (probe) await allEstablished(load, shape.load.connections)
  await pause(options.warmUpMs, signal)
  phases.warmUp = await load.cut()
  const watched = { supervisor: service.supervisorPid, client: load.pid }
  const usage = new Usage(new ProcessTree(() => service.pids()), watched)
  try {
    await baseAndReloads({ peer, service, load, probe, phases, options, signal, usage })
  } finally {
    usage[Symbol.dispose]()
    if (!signal.aborted) await stopLoad(load, phases)
  }
}

/** Without its last counts the row lacks all hanging requests. An error that ends the reloads replaces this problem. */
async function stopLoad(load, phases) {
  try {
    phases.final = await load.stop()
  } catch (error) {
    phases.problem ??= error.message
  }
}

/** Connections that come late would be taken for some that a reload has cut. */
async function allEstablished(load, connections) {
  const established = await load.established()
  if (established < connections)
    throw new Error(`only ${established} of ${connections} connections were established`)
}

async function baseAndReloads({ peer, service, load, probe, phases, options, signal, usage }) {
  await pause(options.baseMs, signal)
  phases.base = { ...(await load.cut()), usage: usage.phase() }
  // The old generation has its grace before the next reload, so that what it cuts is counted with the reload that ended it.
  const afterMs = probe ? (peer.graceMs ?? defaultGraceMs) + afterGraceMs : 0
  for (let n = 1; n <= options.reloads; n++) {
    if (service.readyToReload)
      phases.waits.push(await waitUntilReady({ service, load, signal, usage, number: n, ...options }))
    phases.reloads.push(await reload({ service, load, afterMs, signal, usage, number: n, ...options }))
  }
}

/** A wait before a reload has its failures in the row. Its latencies would only dilute those of the reloads. */
async function waitUntilReady({ service, load, signal, usage, number, limits }) {
  await within(limits.reloadMs, `the wait before reload ${number}`, service.readyToReload(), signal)
  const counts = await load.cut()
  usage.phase()
  return { ...counts, latencies: new Latencies().sparse }
}

async function reload({ service, load, afterMs, signal, usage, number, intervalMs, limits }) {
  const triggeredAt = sharedNow()
  await within(limits.reloadMs, `reload ${number}`, service.reload(), signal)
  const reloadMs = sharedNow() - triggeredAt
  const atLeastMs = Math.max(intervalMs, reloadMs + afterMs)
  const atMostMs = atLeastMs + limits.onlyNewMs
  const { settledMs } = limits
  const seen = await untilOnlyNew({ load, triggeredAt, atLeastMs, atMostMs, settledMs, signal })
  return { reloadMs, ...seen, ...(await load.cut()), usage: usage.phase() }
}

/** A service that cannot be stopped is a problem of its row. What it leaves is killed. */
async function stop(service, phases, { stopMs }) {
  try {
    await within(stopMs, 'the stop', service.stop())
  } catch (error) {
    phases.problem ??= error.message
  }
}

/** A start that took too long may still succeed, after the kill of what it had started until then. */
function stopLate(starting) {
  starting?.then((service) => service.stop()).catch(() => {})
}

async function pause(ms, signal) {
  await delay(ms, undefined, { signal })
}
