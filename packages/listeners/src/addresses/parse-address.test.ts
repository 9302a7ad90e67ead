import { describe, expect, it } from 'vitest'
import { parseListenAddress } from './parse-address.ts'

describe('parseListenAddress', () => {
  it.each([
    ['tcp://127.0.0.1:8080', { name: '8080', type: 'tcp', host: '127.0.0.1', port: 8080 }],
    ['tcp://localhost:0', { name: '0', type: 'tcp', host: 'localhost', port: 0 }],
    ['web=tcp://0.0.0.0:80', { name: 'web', type: 'tcp', host: '0.0.0.0', port: 80 }],
    ['web=tcp://[::]:80', { name: 'web', type: 'tcp', host: '::', port: 80 }],
    ['tcp://[::1]:65535', { name: '65535', type: 'tcp', host: '::1', port: 65_535 }],
    ['tcp://[fe80::1%eth0]:80', { name: '80', type: 'tcp', host: 'fe80::1%eth0', port: 80 }],
    ['unix:///run/app.sock', { name: 'app.sock', type: 'unix', path: '/run/app.sock' }],
    ['unix://@app', { name: '@app', type: 'unix', path: '@app' }],
    ['unix:@app', { name: '@app', type: 'unix', path: '@app' }],
    ['udp://0.0.0.0:53', { name: '53', type: 'udp', host: '0.0.0.0', port: 53 }],
    [
      'dns=udp://[::]:53?reuseport&ipv6only',
      { name: 'dns', type: 'udp', host: '::', port: 53, reusePort: true, ipv6Only: true },
    ],
    [
      'tcp://[::]:80?backlog=1024&ipv6only=true&reuseport=false',
      { name: '80', type: 'tcp', host: '::', port: 80, backlog: 1024, ipv6Only: true, reusePort: false },
    ],
    [
      'unix:///run/a.sock?mode=0660&user=app&group=www-data&backlog=9',
      {
        name: 'a.sock',
        type: 'unix',
        path: '/run/a.sock',
        mode: 0o660,
        user: 'app',
        group: 'www-data',
        backlog: 9,
      },
    ],
    [
      'unix:///x?mode=600&group=33&type=seqpacket',
      { name: 'x', type: 'unix', path: '/x', mode: 0o600, group: '33', socketType: 'seqpacket' },
    ],
    ['unix:@app?backlog=5', { name: '@app', type: 'unix', path: '@app', backlog: 5 }],
    ['unix:///run/what%3F%25', { name: 'what?%', type: 'unix', path: '/run/what?%' }],
    ['tcp://127.0.0.1:80?', { name: '80', type: 'tcp', host: '127.0.0.1', port: 80 }],
    ['admin=unix:///run/a=b.sock', { name: 'admin', type: 'unix', path: '/run/a=b.sock' }],
    ['a/b c=unix:///x', { name: 'a/b c', type: 'unix', path: '/x' }],
  ])('%s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address)
  })

  it.each([
    ['', 'it does not begin with tcp://, udp:// or unix://'],
    ['8080', 'it does not begin with tcp://, udp:// or unix://'],
    ['http://127.0.0.1:53', 'it does not begin with tcp://, udp:// or unix://'],
    ['tcp:127.0.0.1:53', 'it does not begin with tcp://, udp:// or unix://'],
    ['unix:/run/app.sock', 'it does not begin with tcp://, udp:// or unix://'],
    ['udp://127.0.0.1', 'is not HOST:PORT'],
    ['tcp://', 'is not HOST:PORT'],
    ['tcp://127.0.0.1', 'is not HOST:PORT'],
    ['tcp://:8080', 'the host is missing'],
    ['tcp://::1:8080', 'an IPv6 address needs brackets'],
    ['tcp://[localhost]:1', '"localhost" is not an IPv6 address'],
    ['tcp://127.0.0.1:', 'the port is missing'],
    ['tcp://127.0.0.1:65536', 'port 65536 is above 65535'],
    ['tcp://127.0.0.1:80/path', 'is not HOST:PORT'],
    ['tcp://user@host:80', '"user@host" is not a host'],
    ['=tcp://127.0.0.1:80', '"" is not a name for a socket'],
    ['a:b=tcp://127.0.0.1:80', '"a:b" is not a name for a socket'],
    ['é=tcp://127.0.0.1:80', '"é" is not a name for a socket'],
    [`${'n'.repeat(256)}=tcp://127.0.0.1:80`, 'is not a name for a socket'],
    ['unix:///run/a:b', '"a:b" is not a name for a socket'],
    ['unix://run/app.sock', 'a path must begin with a slash'],
    ['unix:///', 'a path must begin with a slash'],
    ['unix:///run/', 'it names a folder'],
    ['unix:///run/50%', 'a percent sign that does not encode anything (a literal one is %25)'],
    ['unix:///run/a%00b', 'it contains a NUL character'],
    [
      'unix:///run/a?mod=0660',
      '"mod" is not an option of unix (known: mode, user, group, backlog, type). Did you mean mode?',
    ],
    ['tcp://127.0.0.1:80?mode=0660', '"mode" is not an option of tcp (known: backlog, reuseport, ipv6only)'],
    ['tcp://127.0.0.1:80?reusePort', 'Did you mean reuseport?'],
    ['udp://127.0.0.1:80?backlog=5', '"backlog" is not an option of udp (known: reuseport, ipv6only)'],
    ['tcp://127.0.0.1:80?&', '"" is not an option of tcp'],
    ['tcp://127.0.0.1:80?backlog=0', 'backlog=0 is not a positive number'],
    ['tcp://127.0.0.1:80?backlog=1&backlog=2', 'the option backlog is given twice'],
    ['tcp://127.0.0.1:80?ipv6only', 'ipv6only needs an IPv6 address, as [::]'],
    ['tcp://[::]:80?ipv6only=1', 'ipv6only=1 is neither true nor false'],
    ['unix:///run/a?mode=rw', 'mode=rw is not an octal mode such as 0660'],
    ['unix:///run/a?mode=4755', 'mode=4755 is not an octal mode such as 0660'],
    ['unix:///run/a?group', 'group= needs a name or a number'],
    ['unix:///run/a?user=a:b', 'user= needs a name or a number'],
    ['unix:///run/a?type=datagram', 'ListenDatagram= of a .socket unit'],
    [
      'unix:@a?mode=0660',
      'an abstract address does not have a file, so mode is not possible. Every local user can connect',
    ],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseListenAddress(text)).toThrow(why)
    expect(() => parseListenAddress(text)).toThrow('Accepted: [NAME=]tcp://HOST:PORT')
  })
})
