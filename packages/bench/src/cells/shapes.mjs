const keepAlive = (connections, more) => ({ clients: 'requests', connections, ...more })
const newConnections = (connections) => ({ clients: 'requests', connections, keepAlive: false })
const live = (clients, connections, everyMs) => ({ clients, connections, everyMs })

/** The shapes of load. The family is the key of `shapes` in a peer. `title` is for the tables. */
export const shapes = {
  K64: { family: 'K', title: '64 keep-alive connections', load: keepAlive(64) },
  'K64-think': {
    family: 'K',
    title: '64 keep-alive connections, 20 ms think time',
    load: keepAlive(64, { thinkMs: 20 }),
  },
  K1000: { family: 'K', title: '1,000 keep-alive connections', load: keepAlive(1_000) },
  'K1000-think': {
    family: 'K',
    title: '1,000 keep-alive connections, 20 ms think time',
    load: keepAlive(1_000, { thinkMs: 20 }),
  },
  P16: { family: 'P', title: '16 connections, 8 pipelined requests each', load: keepAlive(16, { depth: 8 }) },
  N32: { family: 'N', title: 'a new connection for each request, 32 in flight', load: newConnections(32) },
  N256: { family: 'N', title: 'a new connection for each request, 256 in flight', load: newConnections(256) },
  L200: { family: 'L', title: '200 endless answers', load: live('streams', 200, 100) },
  L5000: { family: 'L', title: '5,000 endless answers', load: live('streams', 5_000, 1_000) },
  LW200: { family: 'LW', title: '200 WebSockets', load: live('webSockets', 200, 100) },
  LW5000: { family: 'LW', title: '5,000 WebSockets', load: live('webSockets', 5_000, 1_000) },
  S16: {
    family: 'S',
    title: '200 KB answers, 16 keep-alive connections',
    load: keepAlive(16, { path: '/big' }),
  },
  T64: { family: 'T', title: '64 keep-alive connections over TLS', load: keepAlive(64) },
}

/** Long-lived connections show no generation, so a client beside them does. */
export const isLongLived = ({ family }) => family === 'L' || family === 'LW'

/** Why a peer cannot serve a shape. Undefined if it can. */
export function refusal(peer, shape) {
  const answer = peer.shapes?.[shape.family] ?? true
  return answer === true ? undefined : answer || 'not supported'
}
