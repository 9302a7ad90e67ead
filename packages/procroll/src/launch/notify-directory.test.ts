import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it } from 'vitest'
import { makeNotifyDirectory, removeLeftNotifyDirectory } from './notify-directory.ts'

it('is gone with its scope', () => {
  using folder = temporaryFolder()
  const directory = makeNotifyDirectory(folder.path)
  expect(existsSync(directory.path)).toBe(true)
  directory[Symbol.dispose]()
  expect(existsSync(directory.path)).toBe(false)
})

const tmpfiles = '/usr/bin/systemd-tmpfiles'

it.runIf(existsSync(tmpfiles))(
  'is left alone by systemd-tmpfiles, which removes all else that is old',
  () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('tmp', 'forgotten'), { recursive: true })
    using directory = makeNotifyDirectory(folder.join('tmp'))
    writeFileSync(folder.join('clean.conf'), `e ${folder.join('tmp')} - - - 0\n`)
    execFileSync(tmpfiles, ['--clean', folder.join('clean.conf')])
    expect(existsSync(folder.join('tmp', 'forgotten'))).toBe(false)
    expect(existsSync(directory.path)).toBe(true)
  },
)

it('removes what a killed procroll left, and nothing that has another name', () => {
  using folder = temporaryFolder()
  const left = folder.join('procroll-Ab3xYz')
  for (const path of [left, folder.join('precious')]) {
    mkdirSync(path)
    removeLeftNotifyDirectory(path)
  }
  expect(existsSync(left)).toBe(false)
  expect(existsSync(folder.join('precious'))).toBe(true)
})
