import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { findRuntimeFolder, makeRuntimeFolder, runtimeFolder } from './runtime-folder.ts'

describe('runtimeFolder', () => {
  const as = (uid: number, env: NodeJS.ProcessEnv) => {
    using _ = vi.spyOn(process as { geteuid: () => number }, 'geteuid').mockReturnValue(uid)
    return runtimeFolder('procroll', env)
  }

  it.each([
    [0, { XDG_RUNTIME_DIR: '/run/user/0' }, '/run/procroll'],
    [1000, { XDG_RUNTIME_DIR: '/run/user/1000' }, '/run/user/1000/procroll'],
    [1000, { PROCROLL_RUNTIME_DIR: '/srv/run', XDG_RUNTIME_DIR: '/run/user/1000' }, '/srv/run'],
  ])('of the user %d with %j is %s', (uid, env, folder) => {
    expect(as(uid, env)).toBe(folder)
  })

  it('of another program has its name', () => {
    expect(runtimeFolder('my-app', { MY_APP_RUNTIME_DIR: '/srv/run', PROCROLL_RUNTIME_DIR: '/x' })).toBe(
      '/srv/run',
    )
    using _ = vi.spyOn(process as { geteuid: () => number }, 'geteuid').mockReturnValue(0)
    expect(runtimeFolder('my-app', { PROCROLL_RUNTIME_DIR: '/x' })).toBe('/run/my-app')
  })

  it('of a user without one is in the temporary folder', () => {
    expect(as(1000, {})).toMatch(/\/procroll-1000$/)
  })
})

/** Reads the runtime folder from the environment, as the commands of procroll do. */
function inFolder<T>(path: string, run: () => T): T {
  vi.stubEnv('PROCROLL_RUNTIME_DIR', path)
  try {
    return run()
  } finally {
    vi.unstubAllEnvs()
  }
}

const make = () => makeRuntimeFolder('procroll')
const find = () => findRuntimeFolder('procroll')

describe('makeRuntimeFolder', () => {
  it('makes it for this user alone, or finds it', () => {
    using folder = temporaryFolder()
    const path = folder.join('a', 'b')
    for (const _ of [1, 2]) expect(inFolder(path, make)).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })
})

describe.each([
  ['makeRuntimeFolder', make],
  ['findRuntimeFolder', find],
])('%s', (_name, check) => {
  it.each<[string, (path: string) => void, string]>([
    ['a file', (path) => writeFileSync(path, ''), 'ENOTDIR'],
    ['open to writers', (path) => makeFolder(path, 0o777), 'can be written by others (mode 777)'],
    ['free for all', (path) => makeFolder(path, 0o1777), 'can be written by others (mode 1777)'],
  ])('refuses a folder that is %s, and says what to set', (_what, make, why) => {
    using folder = temporaryFolder()
    make(folder.join('x'))
    const refused = () => inFolder(folder.join('x'), check)
    expect(refused).toThrow(why)
    expect(refused).toThrow('Set PROCROLL_RUNTIME_DIR or XDG_RUNTIME_DIR')
  })

  it('refuses a folder whose ancestor others can write', () => {
    using folder = temporaryFolder()
    makeFolder(folder.join('shared'), 0o777)
    makeFolder(folder.join('shared', 'run'), 0o700)
    expect(() => inFolder(folder.join('shared', 'run'), check)).toThrow(
      `${folder.join('shared')} can be written by others`,
    )
  })
})

describe('findRuntimeFolder', () => {
  it('makes nothing', () => {
    using folder = temporaryFolder()
    expect(inFolder(folder.join('x'), find)).toBeUndefined()
    expect(existsSync(folder.join('x'))).toBe(false)
  })
})

function makeFolder(path: string, mode: number): void {
  mkdirSync(path)
  chmodSync(path, mode)
}
