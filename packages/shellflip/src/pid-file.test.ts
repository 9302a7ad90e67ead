import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { PidFile } from './pid-file.ts'

test('it tells the pid from the commit on, and goes in the end', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.join('pid'), '1\n')
  const file = new PidFile(folder.join('pid'))
  file.prepare()
  expect(readFileSync(folder.join('pid'), 'utf8')).toBe('1\n')
  file.commit()
  expect(readFileSync(folder.join('pid'), 'utf8')).toBe(`${process.pid}\n`)
  file.remove()
  expect(readdirSync(folder.path)).toEqual([])
})

test("another's stays", () => {
  using folder = temporaryFolder()
  writeFileSync(folder.join('pid'), '1\n')
  new PidFile(folder.join('pid')).remove()
  expect(existsSync(folder.join('pid'))).toBe(true)
})

test('a folder in its place is found before the commit', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.join('pid'))
  const prepare = () => new PidFile(folder.join('pid')).prepare()
  expect(prepare).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  expect(readdirSync(folder.path)).toEqual(['pid'])
})
