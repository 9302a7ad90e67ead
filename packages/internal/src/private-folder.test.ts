import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { privateFolderFault } from './private-folder.ts'

const asRoot = test.runIf(process.geteuid?.() === 0)
const somebody = 65_533

let place: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  place = temporaryFolder()
})
afterEach(() => place[Symbol.dispose]())

/** Makes `a/b/c` in the place of the test, and returns the path of c. */
function nested(): string {
  mkdirSync(place.join('a', 'b', 'c'), { recursive: true, mode: 0o700 })
  return place.join('a', 'b', 'c')
}

describe('a folder', () => {
  test('of ours in a sticky one is private', () => {
    expect(privateFolderFault(nested())).toBeUndefined()
  })

  test.each([0o770, 0o702, 0o1777])('that others can write (%o) is not', (mode) => {
    const folder = nested()
    chmodSync(folder, mode)
    expect(privateFolderFault(folder)).toBe(
      `${folder} can be written by others (mode ${mode.toString(8)}). Use a folder of its own in it, or run chmod go-w ${folder}.`,
    )
  })

  asRoot('of another user is not', () => {
    const folder = nested()
    chownSync(folder, somebody, somebody)
    expect(privateFolderFault(folder)).toBe(
      `${folder} belongs to uid ${somebody}, not to root or uid 0. Use a folder of our own.`,
    )
  })

  test('that is a file, or does not exist, fails with the error of the system', () => {
    writeFileSync(place.join('file'), '')
    expect(() => privateFolderFault(place.join('file'))).toThrow('ENOTDIR')
    expect(() => privateFolderFault(place.join('file', 'in'))).toThrow('ENOTDIR')
    expect(() => privateFolderFault(place.join('none'))).toThrow('ENOENT')
  })
})

describe('an ancestor', () => {
  test.each([0o770, 0o702])('that others can write (%o) is a fault', (mode) => {
    const folder = nested()
    chmodSync(place.join('a'), mode)
    expect(privateFolderFault(folder)).toBe(
      `${place.join('a')} can be written by others (mode ${mode.toString(8)}). They could replace ${folder}. ` +
        `Run chmod go-w ${place.join('a')}, or use another folder.`,
    )
  })

  test('that is sticky is not, for others cannot touch our entries in it', () => {
    const folder = nested()
    chmodSync(place.join('a'), 0o1777)
    expect(privateFolderFault(folder)).toBeUndefined()
  })

  asRoot.each([0o700, 0o1777])('of another user (mode %o) is a fault', (mode) => {
    const folder = nested()
    chmodSync(place.join('a'), mode)
    chownSync(place.join('a'), somebody, somebody)
    expect(privateFolderFault(folder)).toBe(
      `${place.join('a')} belongs to uid ${somebody}, which could replace ${folder}. ` +
        'Use a folder whose ancestors belong to root or to uid 0.',
    )
  })

  asRoot('that another user has put into a sticky one is a fault', () => {
    const folder = nested()
    chmodSync(place.join('a'), 0o1777)
    chownSync(place.join('a', 'b'), somebody, somebody)
    expect(privateFolderFault(folder)).toMatch(/a\/b belongs to uid 65533/)
  })
})

describe('a symbolic link on the way', () => {
  test('is followed, and the ancestors of its target are judged', () => {
    nested()
    mkdirSync(place.join('other'), { mode: 0o700 })
    symlinkSync('../a/b', place.join('other', 'relative'))
    symlinkSync(place.join('other', 'relative', 'c'), place.join('absolute'))
    expect(privateFolderFault(place.join('absolute'))).toBeUndefined()
    chmodSync(place.join('a'), 0o777)
    expect(privateFolderFault(place.join('absolute'))).toMatch(/\/a can be written by others/)
  })

  asRoot('of another user is a fault', () => {
    nested()
    symlinkSync('a', place.join('link'))
    lchownSync(place.join('link'), somebody, somebody)
    expect(privateFolderFault(place.join('link', 'b', 'c'))).toMatch(/\/link belongs to uid 65533/)
  })

  test('that leads to itself is a fault', () => {
    symlinkSync('loop', place.join('loop'))
    expect(privateFolderFault(place.join('loop'))).toMatch(/more than 40 symbolic links/)
  })
})

describe('a folder to be made', () => {
  test('is made for us alone, and so are its ancestors', () => {
    expect(privateFolderFault(place.join('x', 'y', 'z'), { make: true })).toBeUndefined()
    const modes = [['x'], ['x', 'y'], ['x', 'y', 'z']].map(
      (names) => lstatSync(place.join(...names)).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o700, 0o700])
    expect(privateFolderFault(place.join('x', 'y', 'z'), { make: true })).toBeUndefined()
  })

  test('is made where a link leads', () => {
    symlinkSync('real', place.join('link'))
    expect(privateFolderFault(place.join('link', 'in'), { make: true })).toBeUndefined()
    expect(lstatSync(place.join('real', 'in')).isDirectory()).toBe(true)
  })

  test('is not made in one that others can exchange', () => {
    chmodSync(place.path, 0o777)
    expect(privateFolderFault(place.join('x', 'y'), { make: true })).toMatch(/can be written by others/)
    expect(lstatSync(place.join('x'), { throwIfNoEntry: false })).toBeUndefined()
  })
})
