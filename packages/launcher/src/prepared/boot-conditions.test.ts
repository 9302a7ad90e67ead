import { mkdirSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import type { LaunchCommand } from '../command/launch-command.ts'
import { bootConditions, changedCondition, changedSince, identitiesOf, mayEnter } from './boot-conditions.ts'

/** A folder with a Node, an env file and a library in it. */
function place() {
  const folder = temporaryFolder()
  for (const name of ['node', '.env', 'library.js', 'package.json']) writeFileSync(folder.join(name), '{}')
  const command: LaunchCommand = {
    file: folder.join('node'),
    args: ['--env-file=.env', 'server.js'],
    cwd: folder.path,
    env: new Map([['NAME', Buffer.from('value')]]),
  }
  return { folder, command, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

/** Replaces a file as a deploy does. */
function replace(path: string): void {
  writeFileSync(`${path}.next`, '{}')
  renameSync(`${path}.next`, path)
}

describe.runIf(process.platform === 'linux')('the conditions of a boot', () => {
  test('are the same, as long as nothing changes', () => {
    using here = place()
    const before = bootConditions(here.command)
    expect(changedCondition(before, bootConditions(here.command), true)).toBeUndefined()
    expect([...before.values()]).not.toContain('ENOENT')
  })

  test.each<[string, Partial<LaunchCommand>]>([
    ['the arguments', { args: ['--env-file=.env', 'server.js', ''] }],
    ['the environment', { env: new Map([['NAME', Buffer.from([0xff])]]) }],
    ['the path of the working directory', { cwd: '/' }],
    ['the file of Node', { file: '/bin/sh' }],
  ])('%s', (name, change) => {
    using here = place()
    const now = bootConditions({ ...here.command, ...change })
    expect(changedCondition(bootConditions(here.command), now, false)).toBe(
      name === 'the file of Node' ? 'the arguments' : name,
    )
  })

  test.each([
    ['node', 'the file of Node'],
    ['.env', 'a file that Node reads at its boot'],
  ])('%s is replaced', (file, name) => {
    using here = place()
    const before = bootConditions(here.command)
    replace(here.folder.join(file))
    expect(changedCondition(before, bootConditions(here.command), false)).toBe(name)
  })

  test('a file that a variable names is read at the boot as well', () => {
    using here = place()
    const env = new Map([['NODE_EXTRA_CA_CERTS', Buffer.from('library.js')]])
    const before = bootConditions({ ...here.command, env })
    replace(here.folder.join('library.js'))
    const now = bootConditions({ ...here.command, env })
    expect(changedCondition(before, now, false)).toBe('a file that Node reads at its boot')
  })

  test('the umask is inherited', () => {
    using here = place()
    const before = bootConditions(here.command)
    const umask = process.umask(0o077)
    const now = bootConditions(here.command)
    process.umask(umask)
    expect(changedCondition(before, now, false)).toBe('the user, the umask, a privilege or an affinity')
  })

  test('the folder counts for a relative script only', () => {
    using here = place()
    for (const name of ['1', '2']) mkdirSync(here.folder.join(name))
    const command = { ...here.command, args: [], cwd: here.folder.join('current') }
    symlinkSync('1', command.cwd)
    const before = bootConditions(command)
    symlinkSync('2', here.folder.join('next'))
    renameSync(here.folder.join('next'), command.cwd)
    const now = bootConditions(command)
    expect(changedCondition(before, now, false)).toBeUndefined()
    expect(changedCondition(before, now, true)).toBe('the folder of the working directory')
  })
})

test('a file that is written again has another identity, and so has its package.json', () => {
  using here = place()
  const library = here.folder.join('library.js')
  const before = identitiesOf([library])
  expect(identitiesOf([library])).toBe(before)
  utimesSync(library, 1, 1)
  const touched = identitiesOf([library])
  expect(touched).not.toBe(before)
  replace(here.folder.join('package.json'))
  expect(identitiesOf([library])).not.toBe(touched)
})

test('a file that was written since then has changed, and so has one whose package.json was', async () => {
  using here = place()
  const library = here.folder.join('library.js')
  const since = statSync(here.folder.join('package.json')).ctimeMs + 11
  expect(changedSince([library], since)).toBe(false)
  await waitFor(() => {
    replace(here.folder.join('package.json'))
    return changedSince([library], since)
  })
  expect(changedSince([here.folder.join('missing')], since)).toBe(true)
})

test('a folder that is missing cannot be entered, and a file neither', () => {
  using here = place()
  expect(mayEnter(here.folder.path)).toBe(true)
  expect(mayEnter(here.folder.join('missing'))).toBe(false)
  expect(mayEnter(here.folder.join('node'))).toBe(false)
})
