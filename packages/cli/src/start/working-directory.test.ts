import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { isRelative, launchDirectory } from './working-directory.ts'

const home = process.cwd()
afterEach(() => process.chdir(home))

describe('generations start', () => {
  it('under the name that $PWD gives to the folder', () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('v1'))
    symlinkSync('v1', folder.join('current'))
    process.chdir(folder.join('v1'))
    const current = folder.join('current')
    expect(launchDirectory(Buffer.from(current))).toEqual({ path: current, isResolved: false })
  })

  it.each([undefined, '', 'relative', '/', '/nowhere/at/all'])(
    'not by PWD=%s, which names another',
    (pwd) => {
      using folder = temporaryFolder()
      process.chdir(folder.path)
      const found = launchDirectory(pwd === undefined ? undefined : Buffer.from(pwd))
      expect(found).toEqual({ path: realpathSync(folder.path), isResolved: true })
    },
  )

  it('where --chdir says, which is never resolved', () => {
    expect(launchDirectory(undefined, '/srv/api/current')).toEqual({
      path: '/srv/api/current',
      isResolved: false,
    })
    using folder = temporaryFolder()
    process.chdir(folder.path)
    const { path } = launchDirectory(Buffer.from(folder.path), '../current/.')
    expect(path.toString()).toBe(`${folder.path}/../current/.`)
  })

  it('nowhere, where the folder is gone', () => {
    {
      using folder = temporaryFolder()
      process.chdir(folder.path)
    }
    expect(() => launchDirectory(undefined)).toThrow('no longer exists. cd to another one')
  })
})

it.each([
  [['./server'], true],
  [['bin/server'], true],
  [['node', 'server.mjs'], true],
  [['node', 'missing.mjs'], false],
  [['/usr/bin/node', 'server.mjs'], false],
  [['node', '/srv/server.mjs', ''], false],
  [[], false],
])('the command %j depends on the working directory: %s', (words, expected) => {
  using folder = temporaryFolder()
  writeFileSync(folder.join('server.mjs'), '')
  expect(isRelative(words, folder.path)).toBe(expected)
})
