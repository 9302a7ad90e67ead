import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { connectionMover } from './connection-mover.ts'
import type { ServeOptions } from './serve-options.ts'

const carrier = { give: () => Buffer.from('kept'), take: () => {} }

describe('connections', () => {
  test.each<[string, net.Server, ServeOptions['moveConnections'], boolean]>([
    ['of HTTP/1.1 move', http.createServer(), undefined, true],
    ['of HTTP/1.1 move, with what is kept for them', http.createServer(), carrier, true],
    ['of HTTP/1.1 stay with false', http.createServer(), false, false],
    ['of TCP stay', net.createServer(), undefined, false],
    ['of TCP move with a carrier', net.createServer(), carrier, true],
    ['under TLS stay', https.createServer(), undefined, false],
    ['of HTTP/2 stay', http2.createServer(), undefined, false],
  ])('%s', (_, server, moveConnections, moves) => {
    expect(connectionMover(server, moveConnections) !== undefined).toBe(moves)
  })

  test.each<[string, net.Server, unknown, RegExp]>([
    ['of TCP without a carrier', net.createServer(), true, /needs moveConnections: \{ give, take \}/],
    ['under TLS', https.createServer(), carrier, /^TLS connections cannot move/],
    ['of HTTP/2', http2.createServer(), carrier, /^HTTP\/2 connections cannot move/],
    ['of HTTP/2, with true', http2.createServer(), true, /^HTTP\/2 connections cannot move/],
    ['with half a carrier', http.createServer(), { give: carrier.give }, /take is undefined, not a function/],
    ['with null', http.createServer(), null, /give is undefined, not a function/],
    [
      'with an async give',
      http.createServer(),
      { ...carrier, give: async () => {} },
      /give must not be async/,
    ],
    [
      'with an async take',
      net.createServer(),
      { ...carrier, take: async () => {} },
      /take must not be async/,
    ],
    [
      'with a take that is a generator',
      net.createServer(),
      { ...carrier, *take() {} },
      /take must not be a generator/,
    ],
  ])('%s cannot move, and listen() says so', (_, server, moveConnections, message) => {
    const make = () => connectionMover(server, moveConnections as ServeOptions['moveConnections'])
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    expect(make).toThrow(message)
  })
})
