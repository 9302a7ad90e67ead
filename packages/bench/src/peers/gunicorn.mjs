import { graceMs } from './support/grace.mjs'
import { pinned, preparePython, pythonServer } from './support/python.mjs'

const noWebSocket = 'WSGI has no WebSocket'
const connections = 8_192

function start(settings) {
  return pythonServer('gunicorn', ({ port, shape, tls }) => [
    ...['--bind', `127.0.0.1:${port}`, '--workers', '1'],
    ...(tls ? ['--certfile', tls.cert, '--keyfile', tls.key] : []),
    ...settings(shape),
    'wsgi:app',
  ])
}

const peer = {
  title: 'gunicorn HUP',
  graceMs,
  prepare: preparePython,
  version: async () => pinned('gunicorn'),
}

/** A thread serves a live connection until its end. Requests on keep-alive connections share a few threads. */
function threaded(shape) {
  return [
    ...['--worker-class', 'gthread', '--threads', shape.startsWith('L') ? '5200' : '8'],
    ...['--worker-connections', String(connections), '--keep-alive', '75'],
    ...['--graceful-timeout', String(graceMs / 1_000)],
  ]
}

export default [
  {
    ...peer,
    name: 'gunicorn-default',
    configuration: 'default',
    settings: 'one sync worker',
    shapes: {
      K: 'a sync worker closes each connection after one answer',
      P: 'a sync worker closes each connection after one answer',
      N: true,
      L: 'a sync worker serves one connection at a time',
      LW: noWebSocket,
      S: 'a sync worker closes each connection after one answer',
      T: 'a sync worker closes each connection after one answer',
    },
    start: start(() => []),
  },
  {
    ...peer,
    name: 'gunicorn',
    configuration: 'best',
    settings: `one gthread worker with 8 threads (5,200 for live connections), keep-alive 75, graceful-timeout ${graceMs / 1_000}`,
    shapes: { K: true, P: true, N: true, L: true, LW: noWebSocket, S: true, T: true },
    start: start(threaded),
  },
]
