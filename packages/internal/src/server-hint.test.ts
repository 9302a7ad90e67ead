import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { serverHint } from './server-hint.ts'

test.each([
  ['Fastify', { server: createServer() }, 'Pass its server property.'],
  ['Socket.IO', { httpServer: createServer() }, 'Pass its httpServer property.'],
  ['gRPC', { createConnectionInjector() {} }, expect.stringContaining('createConnectionInjector()')],
  ['an object with another server', { server: 'example.org' }, undefined],
  ['nothing', undefined, undefined],
])('%s', (_, given, hint) => {
  expect(serverHint(given)).toEqual(hint)
})
