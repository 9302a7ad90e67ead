import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { findExecutable } from './executable.ts'

test('a name is found in PATH, empty and relative entries of which mean the working directory', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.join('serve'), '')
  chmodSync(folder.join('serve'), 0o755)
  expect(findExecutable('serve', `/nowhere:${folder.path}`, '/')).toBe(folder.join('serve'))
  expect(findExecutable('serve', '', folder.path)).toBe(folder.join('serve'))
  expect(findExecutable('./serve', undefined, folder.path)).toBe(folder.join('serve'))
})

test('a path is followed anew each time: a symlink that moved leads to the new file', () => {
  using folder = temporaryFolder()
  for (const version of ['v1', 'v2']) {
    mkdirSync(folder.join(version))
    writeFileSync(folder.join(version, 'serve'), '')
  }
  chmodSync(folder.join('v1', 'serve'), 0o755)
  symlinkSync(folder.join('v1'), folder.join('current'))
  expect(findExecutable('./current/serve', undefined, folder.path)).toBe(folder.join('current', 'serve'))
})

test.each([
  ['no-such-command', 'ENOENT', /no no-such-command in PATH/],
  ['./no-such-file', 'ENOENT', /^no \/.*\/no-such-file$/],
  ['./text', 'EACCES', /is not executable \(chmod \+x it\?\)/],
  ['./', 'EACCES', /is no file/],
])('%s cannot be executed: %s', (file, code, message) => {
  using folder = temporaryFolder()
  writeFileSync(folder.join('text'), '')
  chmodSync(folder.join('text'), 0o644)
  expect(() => findExecutable(file, '/usr/bin:/bin', folder.path)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

test.runIf(process.getuid?.() !== 0)('a folder in PATH that cannot be searched is passed over', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.join('closed'), { mode: 0o000 })
  expect(() => findExecutable('serve', folder.join('closed'), '/')).toThrow(
    expect.objectContaining({ code: 'ENOENT', message: 'no serve in PATH' }),
  )
})

test('a working directory that is gone is told as such, not as a missing command', () => {
  expect(() => findExecutable('sh', '/bin', '/no/such/folder')).toThrow(
    expect.objectContaining({
      code: 'ENOENT',
      message: 'the working directory /no/such/folder does not exist',
    }),
  )
})
