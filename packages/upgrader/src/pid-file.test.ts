import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { openFds, temporaryFolder } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PidFile } from './pid-file.ts'

vi.mock('node:crypto', { spy: true })

const ours = `${process.pid}\n`
const random = '0123456789abcdef'
let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = folder.join('web.pid')
})
afterEach(() => {
  vi.restoreAllMocks()
  folder[Symbol.dispose]()
})

test('it holds the pid from the commit on, and goes in the end', () => {
  const before = openFds().size
  writeFileSync(path, '1\n')
  const file = new PidFile(path)
  file.prepare()
  expect(readFileSync(path, 'utf8')).toBe('1\n')
  file.commit()
  expect(readFileSync(path, 'utf8')).toBe(ours)
  expect(readdirSync(folder.path)).toEqual(['web.pid'])
  file.remove()
  expect(readdirSync(folder.path)).toEqual([])
  expect(openFds().size).toBe(before)
})

test('abandoned, it leaves nothing and changes nothing', () => {
  writeFileSync(path, '1\n')
  const file = new PidFile(path)
  file.prepare()
  file.prepare()
  file.abandon()
  file.abandon()
  file.commit()
  expect(readdirSync(folder.path)).toEqual(['web.pid'])
  expect(readFileSync(path, 'utf8')).toBe('1\n')
})

test.each([0o000, 0o077])('everybody can read it, whatever the umask (%o)', (umask) => {
  const before = process.umask(umask)
  try {
    const file = new PidFile(path)
    file.prepare()
    file.commit()
  } finally {
    process.umask(before)
  }
  expect(lstatSync(path).mode & 0o7777).toBe(0o644)
})

test('a folder in its place is found before the commit', () => {
  mkdirSync(path)
  const prepare = () => new PidFile(path).prepare()
  expect(prepare).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  expect(readdirSync(folder.path)).toEqual(['web.pid'])
})

test('a folder that is not there is found before the commit', () => {
  const prepare = () => new PidFile(folder.join('none', 'pid')).prepare()
  expect(prepare).toThrow(
    expect.objectContaining({
      code: 'ERR_PID_FILE',
      message: expect.stringMatching(/none\/pid: ENOENT.* Choose/),
    }),
  )
})

describe('what others have put in its place', () => {
  let victim: string
  beforeEach(() => {
    victim = folder.join('victim')
    writeFileSync(victim, ours, { mode: 0o600 })
  })
  const isUnharmed = () => {
    expect(readFileSync(victim, 'utf8')).toBe(ours)
    expect(lstatSync(victim).mode & 0o777).toBe(0o600)
  }

  test('a symbolic link at the path is replaced, and not followed', () => {
    symlinkSync('victim', path)
    const file = new PidFile(path)
    file.prepare()
    file.commit()
    expect(lstatSync(path).isFile()).toBe(true)
    isUnharmed()
  })

  test('a link to a folder is replaced too', () => {
    mkdirSync(folder.join('elsewhere'))
    symlinkSync('elsewhere', path)
    const file = new PidFile(path)
    file.prepare()
    file.commit()
    expect(readFileSync(path, 'utf8')).toBe(ours)
    expect(readdirSync(folder.join('elsewhere'))).toEqual([])
  })

  test.each([
    ['link', (draft: string) => symlinkSync('victim', draft)],
    ['folder', (draft: string) => mkdirSync(draft)],
  ])('a %s under the name of the draft makes it take another name', (_, plant) => {
    const draft = `${path}.${process.pid}.${random}`
    plant(draft)
    const next = 'f'.repeat(16)
    vi.mocked(randomBytes as (size: number) => Buffer)
      .mockReturnValueOnce(Buffer.from(random, 'hex'))
      .mockReturnValueOnce(Buffer.from(next, 'hex'))
    const file = new PidFile(path)
    file.prepare()
    isUnharmed()
    expect(existsSync(`${path}.${process.pid}.${next}`)).toBe(true)
    file.commit()
    expect(readFileSync(path, 'utf8')).toBe(ours)
    isUnharmed()
  })

  test('a link to a file with our pid is not removed, nor is that file', () => {
    symlinkSync('victim', path)
    new PidFile(path).remove()
    expect(readdirSync(folder.path).sort()).toEqual(['victim', 'web.pid'])
  })

  test('a pipe is not waited for', () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', path])
    new PidFile(path).remove()
    expect(existsSync(path)).toBe(true)
  })

  test.each(['1\n', `${process.pid}0`, `${process.pid} 1\n`, '', 'x'.repeat(100)])(
    "another's (%j) stays",
    (text) => {
      writeFileSync(path, text)
      new PidFile(path).remove()
      expect(readFileSync(path, 'utf8')).toBe(text)
    },
  )
})

describe('drafts that killed processes have left', () => {
  const { pid: gone } = spawnSync('true')
  const alive = process.ppid

  test.each([
    ['prepared', (file: PidFile) => file.prepare()],
    ['removed', (file: PidFile) => file.remove()],
  ])('are removed when the file is %s, and nothing else is', (_, act) => {
    const left = [`web.pid.${gone}.${random}`, `web.pid.${process.pid}.${random}`]
    const others = [
      `web.pid.${alive}.${random}`,
      `web.pid.${gone}`,
      `web.pid.${gone}.${random}0`,
      `web.pid.0.${random}`,
      `api.web.pid.${gone}.${random}`,
      `other.pid.${gone}.${random}`,
    ]
    for (const name of [...left, ...others]) writeFileSync(folder.join(name), 'x')
    symlinkSync('other.pid', folder.join(`web.pid.${gone}.${'a'.repeat(16)}`))
    mkdirSync(folder.join(`web.pid.${gone}.${'b'.repeat(16)}`))
    writeFileSync(path, ours)
    const file = new PidFile(path)
    act(file)
    file.abandon()
    const names = readdirSync(folder.path)
    for (const name of left) expect(names).not.toContain(name)
    expect(names).toEqual(expect.arrayContaining(others))
    expect(names.filter((name) => /[ab]{16}$/.test(name))).toHaveLength(2)
  })

  test.runIf(process.geteuid?.() === 0)('by another user stay', () => {
    const name = `web.pid.${gone}.${random}`
    writeFileSync(folder.join(name), 'x')
    chownSync(folder.join(name), 65534, 65534)
    const file = new PidFile(path)
    file.prepare()
    file.abandon()
    expect(readdirSync(folder.path)).toEqual([name])
  })
})

test('it is put back after a successor that failed, whose draft goes', () => {
  using folder = temporaryFolder()
  const file = new PidFile(folder.join('pid'))
  file.prepare()
  file.commit()
  const { ino } = statSync(folder.join('pid'))
  file.restore()
  expect(statSync(folder.join('pid')).ino, 'it is left alone while it is right').toBe(ino)
  writeFileSync(folder.join('pid'), '1\n')
  file.restore()
  expect(readFileSync(folder.join('pid'), 'utf8')).toBe(`${process.pid}\n`)
  rmSync(folder.join('pid'))
  file.restore()
  expect(readdirSync(folder.path)).toEqual(['pid'])
})
