import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { makePrivateFolder, runtimeFolder } from './runtime-folder.ts'

describe('runtimeFolder', () => {
  const as = (uid: number, env: NodeJS.ProcessEnv) => {
    using _ = vi.spyOn(process as { geteuid: () => number }, 'geteuid').mockReturnValue(uid)
    return runtimeFolder(env)
  }

  it.each([
    [0, { XDG_RUNTIME_DIR: '/run/user/0' }, '/run/procroll'],
    [1000, { XDG_RUNTIME_DIR: '/run/user/1000' }, '/run/user/1000/procroll'],
    [1000, { PROCROLL_RUNTIME_DIR: '/srv/run', XDG_RUNTIME_DIR: '/run/user/1000' }, '/srv/run'],
  ])('of the user %d with %j is %s', (uid, env, folder) => {
    expect(as(uid, env)).toBe(folder)
  })

  it('of a user without one is in the temporary folder', () => {
    expect(as(1000, {})).toMatch(/\/procroll-1000$/)
  })
})

describe('makePrivateFolder', () => {
  it('makes it for this user alone, or finds it', () => {
    using folder = temporaryFolder()
    const path = folder.join('a', 'b')
    makePrivateFolder(path)
    makePrivateFolder(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  it.each<[string, (path: string) => void, string]>([
    ['a file', (path) => writeFileSync(path, ''), 'EEXIST'],
    ['a symbolic link', (path) => symlinkSync('/tmp', path), 'it is no folder'],
    [
      'open to others',
      (path) => chmodSync(mkdirSync(path, { recursive: true }) ?? path, 0o711),
      'others can enter it',
    ],
  ])('refuses what is %s', (_what, make, why) => {
    using folder = temporaryFolder()
    make(folder.join('x'))
    expect(() => makePrivateFolder(folder.join('x'))).toThrow(why)
  })
})
