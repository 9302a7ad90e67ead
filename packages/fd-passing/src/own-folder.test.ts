import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { listenUnix } from './listeners.ts'
import { OwnFolder } from './own-folder.ts'

function made(path: string, mode = 0o700): string {
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

describe('OwnFolder', () => {
  it.each<[string, (path: string) => void, string]>([
    ['a file', (path) => writeFileSync(path, ''), 'is a regular file, not a folder'],
    ['a symbolic link', (path) => symlinkSync('/', path), 'is a symbolic link, not a folder'],
    ['writable by others', (path) => made(path, 0o770), 'can be written by others (mode 770)'],
    ['missing', () => {}, 'ENOENT'],
  ])('refuses what is %s', (_what, make, why) => {
    using folder = temporaryFolder()
    make(folder.join('x'))
    expect(() => new OwnFolder(folder.join('x'))).toThrow(why)
  })

  it('removes sockets of ours from the folder that it holds, wherever that has gone', () => {
    using folder = temporaryFolder()
    const path = made(folder.join('x'))
    using _ = listenUnix({ path: join(path, '1.sock') })
    writeFileSync(join(path, '2.sock'), 'not a socket')
    using own = new OwnFolder(path)

    renameSync(path, folder.join('moved'))
    made(path)
    using _other = listenUnix({ path: join(path, '1.sock') })
    expect(own.isThere).toBe(false)
    for (const name of ['1.sock', '2.sock', '3.sock']) own.unlinkSocket(name)
    own.removeIfEmpty()
    expect(readdirSync(folder.join('moved'))).toEqual(['2.sock'])
    expect(readdirSync(path)).toEqual(['1.sock'])
  })

  it('is removed only while it is empty', () => {
    using folder = temporaryFolder()
    const path = made(folder.join('x'))
    using own = new OwnFolder(path)
    writeFileSync(join(path, 'kept'), '')
    own.removeIfEmpty()
    expect(existsSync(path)).toBe(true)
    renameSync(join(path, 'kept'), folder.join('kept'))
    own.removeIfEmpty()
    expect(existsSync(path)).toBe(false)
    expect(own.isThere).toBe(false)
  })
})
