import { graceMs } from './support/grace.mjs'
import { pinned, preparePython, pythonServer } from './support/python.mjs'

const graceSeconds = String(graceMs / 1_000)

/** With one worker uvicorn has no supervisor that a signal could reload. */
function startUvicorn(settings) {
  return pythonServer('uvicorn', ({ port, tls }) => [
    ...['--host', '127.0.0.1', '--port', String(port), '--workers', '2', '--no-access-log'],
    ...(tls ? ['--ssl-certfile', tls.cert, '--ssl-keyfile', tls.key] : []),
    ...settings,
    'asgi:app',
  ])
}

const startGunicorn = pythonServer('gunicorn', ({ port, tls }) => [
  ...['--bind', `127.0.0.1:${port}`, '--workers', '1', '--worker-class', 'uvicorn_worker.UvicornWorker'],
  ...(tls ? ['--certfile', tls.cert, '--keyfile', tls.key] : []),
  ...['--keep-alive', '75', '--graceful-timeout', graceSeconds],
  'asgi:app',
])

const peer = {
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  prepare: preparePython,
}
const alone = { ...peer, title: 'uvicorn HUP', version: async () => pinned('uvicorn') }

export default [
  {
    ...alone,
    name: 'uvicorn-default',
    configuration: 'default',
    settings: '--workers 2, as one has no supervisor',
    start: startUvicorn([]),
  },
  {
    ...alone,
    name: 'uvicorn',
    configuration: 'best',
    settings: `--workers 2, --timeout-keep-alive 75, --timeout-graceful-shutdown ${graceSeconds}`,
    start: startUvicorn(['--timeout-keep-alive', '75', '--timeout-graceful-shutdown', graceSeconds]),
  },
  {
    ...peer,
    name: 'uvicorn-gunicorn',
    title: 'gunicorn HUP, uvicorn workers',
    configuration: 'best',
    settings: `one uvicorn_worker.UvicornWorker, keep-alive 75, graceful-timeout ${graceSeconds}`,
    version: async () => `${pinned('gunicorn')}, uvicorn ${pinned('uvicorn')}`,
    start: startGunicorn,
  },
]
