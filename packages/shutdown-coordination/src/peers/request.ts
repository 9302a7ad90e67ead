import http, { type IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import type net from 'node:net'
import { listening } from '../testing/raw-client.ts'
import { selfSigned } from '../testing/self-signed.ts'

export type Scheme = 'http' | 'https'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: string }

export function createServer(scheme: Scheme, handler: http.RequestListener): http.Server {
  return scheme === 'http' ? http.createServer(handler) : https.createServer(selfSigned, handler)
}

/** Starts a server that listens until the end of the scope, and a client for each kind of agent. */
export async function serving(server: http.Server, scheme: Scheme = 'http') {
  const { port, ...listener } = await listening(server)
  const agents: http.Agent[] = []
  const request = (options: { keepAlive?: boolean; path?: string; agent?: http.Agent } = {}) => {
    const agent = options.agent ?? newAgent(options.keepAlive ?? false)
    return get(scheme, port, agent, options.path ?? '/')
  }
  const newAgent = (keepAlive: boolean, maxSockets = 10) => {
    const agent = new (scheme === 'http' ? http.Agent : https.Agent)({ keepAlive, maxSockets })
    agents.push(agent)
    return agent
  }
  return {
    port,
    request,
    newAgent,
    [Symbol.dispose]: () => {
      for (const agent of agents) agent.destroy()
      server.closeAllConnections()
      listener[Symbol.dispose]()
    },
  }
}

/** Resolves with the whole answer. */
function get(scheme: Scheme, port: number, agent: http.Agent, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request } = scheme === 'http' ? http : https
    request({ host: '127.0.0.1', port, path, agent, rejectUnauthorized: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

export function connectionsOf(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
