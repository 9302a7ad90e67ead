import { describe, expect, it } from 'vitest'
import { parseListen } from './listen-address.ts'

describe('parseListen', () => {
  it.each([
    ['tcp://127.0.0.1:8080', { name: '8080', type: 'tcp', host: '127.0.0.1', port: 8080 }],
    ['tcp://localhost:0', { name: '0', type: 'tcp', host: 'localhost', port: 0 }],
    ['web=tcp://0.0.0.0:80', { name: 'web', type: 'tcp', host: '0.0.0.0', port: 80 }],
    ['web=tcp://[::]:80', { name: 'web', type: 'tcp', host: '::', port: 80 }],
    ['tcp://[::1]:65535', { name: '65535', type: 'tcp', host: '::1', port: 65_535 }],
    ['tcp://[fe80::1%eth0]:80', { name: '80', type: 'tcp', host: 'fe80::1%eth0', port: 80 }],
    ['unix:///run/app.sock', { name: 'app.sock', type: 'unix', path: '/run/app.sock' }],
    ['unix://@app', { name: '@app', type: 'unix', path: '@app' }],
    ['admin=unix:///run/a=b.sock', { name: 'admin', type: 'unix', path: '/run/a=b.sock' }],
    ['a/b c=unix:///x', { name: 'a/b c', type: 'unix', path: '/x' }],
  ])('%s', (text, address) => {
    expect(parseListen(text)).toEqual(address)
  })

  it.each([
    ['', 'it is no address'],
    ['8080', 'it is no address'],
    ['udp://127.0.0.1:53', 'it is no address'],
    ['tcp://', 'it is no HOST:PORT'],
    ['tcp://127.0.0.1', 'it is no HOST:PORT'],
    ['tcp://:8080', 'the host is missing'],
    ['tcp://::1:8080', 'an IPv6 address stands in brackets'],
    ['tcp://[localhost]:1', '"localhost" is no IPv6 address'],
    ['tcp://127.0.0.1:', 'the port is missing'],
    ['tcp://127.0.0.1:65536', 'port 65536 is above 65535'],
    ['tcp://127.0.0.1:80/path', 'it is no HOST:PORT'],
    ['tcp://user@host:80', '"user@host" is no host'],
    ['=tcp://127.0.0.1:80', '"" is no name for a socket'],
    ['a:b=tcp://127.0.0.1:80', '"a:b" is no name for a socket'],
    ['é=tcp://127.0.0.1:80', '"é" is no name for a socket'],
    [`${'n'.repeat(256)}=tcp://127.0.0.1:80`, 'is no name for a socket'],
    ['unix:///run/a:b', '"a:b" is no name for a socket'],
    ['unix://run/app.sock', 'a path begins with a slash'],
    ['unix:///', 'a path begins with a slash'],
    ['unix:///run/', 'it names a folder'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseListen(text)).toThrow(why)
    expect(() => parseListen(text)).toThrow('Accepted: [NAME=]tcp://HOST:PORT')
  })
})
