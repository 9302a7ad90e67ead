import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listenUnix } from './listeners.ts'
import { native } from './native.ts'
import { setSocketMode } from './socket-file.ts'
import { UnixListener } from './unix-listener.ts'
import { UnixSocket } from './unix-socket.ts'

let folder: ReturnType<typeof temporaryFolder>
let umask: number
beforeEach(() => {
  folder = temporaryFolder()
  umask = process.umask(0o077)
})
afterEach(() => {
  vi.restoreAllMocks()
  process.umask(umask)
  folder[Symbol.dispose]()
})

const modeOf = (name: string) => lstatSync(folder.join(name)).mode & 0o7777
const forbidden = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_FORBIDDEN', message: expect.stringMatching(message) })

describe('setSocketMode', () => {
  test('changes the permissions, whatever the umask', () => {
    using _ = listenUnix({ path: folder.join('s') })
    setSocketMode(folder.join('s'), 0o666)
    expect(modeOf('s')).toBe(0o666)
    setSocketMode(folder.join('s'), 0o600)
    expect(modeOf('s')).toBe(0o600)
  })

  test('changes nothing where the permissions are right already', () => {
    using _ = listenUnix({ path: folder.join('s'), mode: 0o640 })
    const chmod = vi.spyOn(native, 'chmodSocketAt')
    setSocketMode(folder.join('s'), 0o640)
    expect(chmod).not.toHaveBeenCalled()
  })

  test('refuses what is not a socket, and follows no symbolic link', () => {
    writeFileSync(folder.join('file'), '', { mode: 0o600 })
    using _ = listenUnix({ path: folder.join('s'), mode: 0o600 })
    symlinkSync('s', folder.join('link'))
    expect(() => setSocketMode(folder.join('file'), 0o666)).toThrow(
      forbidden(/is a regular file, not a socket/),
    )
    expect(() => setSocketMode(folder.join('link'), 0o666)).toThrow(
      forbidden(/is a symbolic link, not a socket/),
    )
    expect([modeOf('file'), modeOf('s')]).toEqual([0o600, 0o600])
  })

  test('refuses a socket that has another name', () => {
    using _ = listenUnix({ path: folder.join('s'), mode: 0o600 })
    linkSync(folder.join('s'), folder.join('other'))
    expect(() => setSocketMode(folder.join('other'), 0o666)).toThrow(forbidden(/has 2 names/))
    expect(modeOf('s')).toBe(0o600)
  })

  test.runIf(process.geteuid?.() === 0)("refuses another user's socket", () => {
    using _ = listenUnix({ path: folder.join('s'), mode: 0o600 })
    chownSync(folder.join('s'), 65534, 65534)
    expect(() => setSocketMode(folder.join('s'), 0o666)).toThrow(
      forbidden(/is a socket of uid 65534, not of us/),
    )
    expect(modeOf('s')).toBe(0o600)
  })

  test('names what is wrong', () => {
    expect(() => setSocketMode(folder.join('none'), 0o600)).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'ENOENT' }),
    )
    for (const mode of [-1, 1.5, Number.NaN, 0o1_0000]) {
      expect(() => setSocketMode(folder.join('s'), mode)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      )
    }
  })
})

/** Does something the moment after the socket was bound, as another user might who can write the folder. */
function afterBind(act: () => void): void {
  const { bindUnix } = native
  vi.spyOn(native, 'bindUnix').mockImplementation((fd, address) => {
    const bound = bindUnix(fd, address)
    act()
    return bound
  })
}

describe('binding with a mode that the umask does not leave', () => {
  test('never changes what a symbolic link leads to, and removes nothing', () => {
    writeFileSync(folder.join('shadow'), '', { mode: 0o600 })
    afterBind(() => {
      renameSync(folder.join('s'), folder.join('moved'))
      symlinkSync('shadow', folder.join('s'))
    })
    expect(() => listenUnix({ path: folder.join('s'), mode: 0o666 })).toThrow(
      forbidden(/was replaced by another/),
    )
    expect(modeOf('shadow')).toBe(0o600)
    expect(readdirSync(folder.path).sort()).toEqual(['moved', 's', 'shadow'])
  })

  test('never changes the socket of a folder that took the place of its own', () => {
    for (const name of ['own', 'secret']) mkdirSync(folder.join(name))
    using _ = listenUnix({ path: folder.join('secret', 's'), mode: 0o600 })
    afterBind(() => {
      renameSync(folder.join('own'), folder.join('moved'))
      renameSync(folder.join('secret'), folder.join('own'))
    })
    using _listener = listenUnix({ path: folder.join('own', 's'), mode: 0o666 })
    expect(modeOf('own/s')).toBe(0o600)
    expect(modeOf('moved/s')).toBe(0o666)
  })

  test('says what it takes where neither /proc nor fchmodat2(2) is there', () => {
    vi.spyOn(native, 'chmodSocketAt').mockReturnValue(-constants.errno.ENOSYS)
    expect(() => listenUnix({ path: folder.join('s'), mode: 0o666 })).toThrow(
      expect.objectContaining({ code: 'ERR_UNSUPPORTED', message: expect.stringContaining('Mount /proc') }),
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('removes its own file, and no other, where the mode cannot be set', () => {
    vi.spyOn(native, 'chmodSocketAt').mockReturnValue(-1)
    expect(() => listenUnix({ path: folder.join('s'), mode: 0o666 })).toThrow(
      expect.objectContaining({ errno: 'EPERM', syscall: 'chmod' }),
    )
    expect(readdirSync(folder.path)).toEqual([])
  })
})

describe('binding that fails leaves no file', () => {
  test('with a backlog that is not a number', () => {
    for (const backlog of [-1, Number.NaN]) {
      expect(() => listenUnix({ path: folder.join('s'), backlog })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      )
    }
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('when the socket cannot be watched or adopted', () => {
    vi.spyOn(native, 'watch').mockReturnValue(-24)
    expect(() => UnixListener.listen({ path: folder.join('s') })).toThrow(
      expect.objectContaining({ errno: 'EMFILE' }),
    )
    vi.spyOn(native, 'localAddress').mockReturnValue(-24)
    expect(() => UnixSocket.bind({ type: 'datagram', address: folder.join('s') })).toThrow(
      expect.objectContaining({ errno: 'EMFILE' }),
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('but the file that was there before stays', () => {
    writeFileSync(folder.join('s'), 'precious')
    chmodSync(folder.join('s'), 0o600)
    expect(() => listenUnix({ path: folder.join('s'), mode: 0o666 })).toThrow(
      expect.objectContaining({ errno: 'EADDRINUSE' }),
    )
    expect(statSync(folder.join('s')).mode & 0o777).toBe(0o600)
  })
})
