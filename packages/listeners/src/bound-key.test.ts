import { expect, test } from 'vitest'
import { boundKey, type ConfiguredAddress } from './bound-key.ts'

test.each<['tcp' | 'udp4' | 'udp6', ConfiguredAddress, string]>([
  ['tcp', { port: 8080 }, 'listen:tcp://*:8080'],
  ['tcp', { host: '::', port: 8080 }, 'listen:tcp://[::]:8080'],
  ['tcp', { host: '0.0.0.0', port: 8080 }, 'listen:tcp://0.0.0.0:8080'],
  ['tcp', { host: 'localhost', port: 8080 }, 'listen:tcp://localhost:8080'],
  ['udp4', { host: 'localhost', port: 8080 }, 'listen:udp4://localhost:8080'],
  ['udp6', { host: 'localhost', port: 8080 }, 'listen:udp6://localhost:8080'],
  ['tcp', { name: 'web', port: 0 }, 'listen:tcp://*:0#web'],
  ['tcp', { name: 'admin', port: 0 }, 'listen:tcp://*:0#admin'],
  ['tcp', { path: '/run/app.sock' }, 'listen:unix:/run/app.sock'],
  ['tcp', { path: '@app' }, 'listen:unix:@app'],
])('%s %j is %s: as configured, not as resolved', (transport, address, key) => {
  expect(boundKey(transport, address)).toBe(key)
})

test('two addresses of one number share their key whatever their names: a new version may add or drop a name', () => {
  expect(boundKey('tcp', { name: 'web', port: 80 })).toBe(boundKey('tcp', { port: 80 }))
})

test('port 0 without a name', () => {
  expect(() => boundKey('tcp', { port: 0 })).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/Give it a name/),
    }),
  )
})
