import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, expect, it } from 'vitest'
import { workingDirectory } from './working-directory.ts'

const home = process.cwd()
afterEach(() => process.chdir(home))

it('keeps the name that $PWD gives to the folder', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.join('v1'))
  symlinkSync('v1', folder.join('current'))
  process.chdir(folder.join('v1'))
  expect(workingDirectory({ PWD: folder.join('current') })).toBe(folder.join('current'))
})

it.each([undefined, '', 'relative', '/', '/nowhere/at/all'])(
  'passes over PWD=%s, which names another',
  (PWD) => {
    using folder = temporaryFolder()
    process.chdir(folder.path)
    expect(workingDirectory(PWD === undefined ? {} : { PWD })).toBe(realpathSync(folder.path))
  },
)

it('says what to do where the folder is gone', () => {
  {
    using folder = temporaryFolder()
    process.chdir(folder.path)
  }
  expect(() => workingDirectory()).toThrow('no longer exists: cd to another one')
})
