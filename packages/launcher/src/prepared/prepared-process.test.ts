import { utimesSync, writeFileSync } from 'node:fs'
import { UnixSocket, writeNow } from '@shellflip/fd-passing'
import { openFds, temporaryFolder, waitFor } from '@shellflip/testing'
import { afterEach, expect, test, vi } from 'vitest'
import type { LaunchCommand } from '../command/launch-command.ts'
import type { StartSuccessor } from '../start/successor-process.ts'
import { changedSince } from './boot-conditions.ts'
import { PreparedProcess } from './prepared-process.ts'

// The file is beside this code in `dist` only. This one belongs to no release.
vi.mock('./prepared-command.ts', async (original) => ({
  ...(await original<typeof import('./prepared-command.ts')>()),
  preparedNode: () => '/bin/sh',
}))
afterEach(() => vi.restoreAllMocks())

const command: LaunchCommand = { file: process.execPath, args: ['server.js'], cwd: '/', env: new Map() }

/** Starts nothing. It answers as a process that has booted, after what happens during the boot. */
function booting(files: readonly string[], happens: () => void): StartSuccessor {
  return async (_, [passed]) => {
    happens()
    if (passed) writeNow(passed.fd.fd, Buffer.from(`${JSON.stringify({ files, script: '/server.js' })}\n`))
    return { pid: 0, exited: new Promise(() => {}), unref: () => {}, kill: async () => undefined } as never
  }
}

test.each([
  ['nothing', undefined],
  ['a deploy', 'a file of the library has changed'],
])('is used after a boot only if all of its files are older: %s', async (what, fault) => {
  using folder = temporaryFolder()
  const files = ['library.js', 'part.js', 'package.json'].map((name) => folder.join(name))
  for (const file of files) writeFileSync(file, '{}')
  await waitFor(() => !changedSince(files, Date.now()))
  const deploy = () => utimesSync(folder.join('part.js'), 1, 1)
  const start = booting(files.slice(0, 2), what === 'nothing' ? () => {} : deploy)
  const prepared = await PreparedProcess.start(command, start, folder.join('library.js'))
  expect(await prepared.booted).toBe(true)
  expect(prepared.fault(command)).toBe(fault)
  prepared.close()
})

test.runIf(process.platform === 'linux')('leaves no socket open if it cannot be started', async () => {
  const before = openFds(process.pid).size
  const adopt = vi.spyOn(UnixSocket, 'adopt').mockImplementation(() => {
    throw new Error('EMFILE')
  })
  const start = () =>
    PreparedProcess.start(
      command,
      booting([], () => {}),
      '/library.js',
    )
  await expect(start()).rejects.toThrow('EMFILE')
  adopt.mockRestore()
  expect(openFds(process.pid).size).toBe(before)
})
