import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { listenUnix } from '@shellflip/fd-passing'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { NotifyDirectory, removeLeftNotifyDirectory } from './notify-directory.ts'

describe('NotifyDirectory', () => {
  it('is gone with its scope', () => {
    using folder = temporaryFolder()
    const directory = new NotifyDirectory(folder.path, 'procroll', '--tempdir')
    expect(lstatSync(directory.path).mode & 0o777).toBe(0o700)
    using _ = listenUnix({ path: join(directory.path, '1.sock') })
    directory[Symbol.dispose]()
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('does not touch what another process has put in its place', () => {
    using folder = temporaryFolder()
    const directory = new NotifyDirectory(folder.path, 'procroll', '--tempdir')
    const { path } = directory
    mkdirSync(folder.join('home'))
    using _ = listenUnix({ path: folder.join('home', '1.sock') })
    renameSync(path, folder.join('moved'))
    symlinkSync(folder.join('home'), path)
    directory[Symbol.dispose]()
    expect(readdirSync(folder.join('home'))).toEqual(['1.sock'])
    expect(readdirSync(folder.path).sort()).toEqual(
      ['home', 'moved', path.slice(folder.path.length + 1)].sort(),
    )
  })

  it('reports whether others could replace it', () => {
    using folder = temporaryFolder()
    for (const [name, mode, fault] of [
      ['sticky', 0o1777, undefined],
      ['open', 0o777, expect.stringContaining('can be written by others')],
    ] as const) {
      mkdirSync(folder.join(name))
      chmodSync(folder.join(name), mode)
      using directory = new NotifyDirectory(folder.join(name), 'procroll', '--tempdir')
      expect(directory.fault).toEqual(fault)
    }
  })

  it('is made again at the same path after it was swept away, its parent too', () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('tmp'))
    using directory = new NotifyDirectory(folder.join('tmp'), 'procroll', '--tempdir')
    const { path } = directory
    expect(directory.restore()).toBe(false)
    rmSync(folder.join('tmp'), { recursive: true })
    expect(directory.restore()).toBe(true)
    expect(directory.path).toBe(path)
    expect(lstatSync(path).mode & 0o777).toBe(0o700)
    expect(directory.restore()).toBe(false)
  })

  it('is made elsewhere if its path is taken', () => {
    using folder = temporaryFolder()
    using directory = new NotifyDirectory(folder.path, 'procroll', '--tempdir')
    const { path } = directory
    rmSync(path, { recursive: true })
    mkdirSync(path)
    chmodSync(path, 0o777)
    expect(directory.restore()).toBe(true)
    expect(directory.path).not.toBe(path)
    expect(existsSync(directory.path)).toBe(true)
  })
})

const tmpfiles = '/usr/bin/systemd-tmpfiles'

it.runIf(existsSync(tmpfiles))(
  'is left alone by systemd-tmpfiles, which removes all else that is old, also when it was made again',
  () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('tmp', 'forgotten'), { recursive: true })
    using directory = new NotifyDirectory(folder.join('tmp'), 'procroll', '--tempdir')
    rmSync(directory.path, { recursive: true })
    directory.restore()
    writeFileSync(folder.join('clean.conf'), `e ${folder.join('tmp')} - - - 0\n`)
    execFileSync(tmpfiles, ['--clean', folder.join('clean.conf')])
    expect(existsSync(folder.join('tmp', 'forgotten'))).toBe(false)
    expect(existsSync(directory.path)).toBe(true)
  },
)

describe('removeLeftNotifyDirectory', () => {
  it('removes what a killed procroll left, and nothing that has another name', () => {
    using folder = temporaryFolder()
    const left = folder.join('procroll-Ab3xYz')
    mkdirSync(left)
    listenUnix({ path: join(left, '3.sock') }).close()
    mkdirSync(folder.join('precious'))
    for (const path of [left, folder.join('precious'), `${left}/../precious`])
      removeLeftNotifyDirectory(path, 'procroll')
    expect(readdirSync(folder.path)).toEqual(['precious'])
  })

  it('removes sockets of generations only', () => {
    using folder = temporaryFolder()
    const left = folder.join('procroll-Ab3xYz')
    mkdirSync(join(left, 'folder'), { recursive: true })
    writeFileSync(join(left, '1.sock'), 'a file')
    writeFileSync(join(left, 'thesis'), '')
    removeLeftNotifyDirectory(left, 'procroll')
    expect(readdirSync(left).sort()).toEqual(['1.sock', 'folder', 'thesis'])
  })

  it('follows no symbolic link', () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('home'))
    using _ = listenUnix({ path: folder.join('home', '1.sock') })
    symlinkSync(folder.join('home'), folder.join('procroll-Ab3xYz'))
    removeLeftNotifyDirectory(folder.join('procroll-Ab3xYz'), 'procroll')
    expect(readdirSync(folder.join('home'))).toEqual(['1.sock'])
  })
})
