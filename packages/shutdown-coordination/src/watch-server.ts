import type { ServerHttp2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { AdoptedConnection, adoptedEvent } from './adopted-connection.ts'
import type { DrainUpgraded } from './http-connection.ts'
import { HttpConnections } from './http-connections.ts'
import { Http2Session } from './http2-session.ts'
import { keepIdleConnections } from './keep-idle-connections.ts'
import { on } from './listener.ts'
import { type DrainSocket, NetConnection } from './net-connection.ts'
import type { WatchConnections } from './server-drain.ts'
import { watchHandshakes } from './tls-handshake.ts'

export type WatchOptions = {
  lingerMs: number
  drainUpgraded: DrainUpgraded | undefined
  drainSocket: DrainSocket | undefined
  /** Aborts when the shutdown begins. */
  signal: AbortSignal
}

/**
 * Finds the protocol of a server by its methods. A check by class would load node:https, node:http2 and node:tls into programs that never
 * use them.
 */
export function watchServer(server: Server, options: WatchOptions): WatchConnections {
  const speaksTls = 'setSecureContext' in server
  const speaksHttp2 = 'updateSettings' in server
  const speaksHttp1 = 'headersTimeout' in server

  return (tracker, moves) => {
    const http = new HttpConnections(server, tracker, moves, options)
    const undo = [keepIdleConnections(server, options.signal)]
    const followNet = (socket: Socket) => new NetConnection(socket, tracker, moves, options)
    const opened = (socket: Socket) => {
      if (speaksHttp2) {
        if (speaksTls && (socket as TLSSocket).alpnProtocol !== 'h2') http.open(socket)
      } else if (speaksHttp1) http.open(socket)
      else tracker.add(socket, followNet)
    }
    if (speaksTls) undo.push(...watchHandshakes(server, tracker, options.lingerMs, opened))
    else undo.push(on(server, 'connection', opened))
    if (speaksHttp1 || speaksHttp2) undo.push(...http.watchRequests(options.signal))
    if (speaksHttp1) {
      undo.push(
        on(server, adoptedEvent, (socket: Socket) => {
          tracker.add(socket, new AdoptedConnection(socket, tracker, moves, options.lingerMs))
        }),
      )
    }
    if (speaksHttp2) {
      undo.push(
        on(server, 'session', (session: ServerHttp2Session) => {
          tracker.add(session, new Http2Session(session, tracker, options.lingerMs))
        }),
      )
    }
    return () => {
      for (const each of undo) each()
    }
  }
}
