import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { answer, echoWebSocket } from './answers.mjs'

/** The server of the Node peers: HTTP, or HTTPS where the environment names a certificate. */
export function benchServer(listener = answer) {
  const { TLS_CERT, TLS_KEY } = process.env
  const server = TLS_CERT
    ? createTlsServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) }, listener)
    : createServer(listener)
  return server.on('upgrade', echoWebSocket)
}
