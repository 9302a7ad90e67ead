import { chmodSync, readdirSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { claimUnixPath } from './claim-unix-path.ts'
import { listenUnix } from './listeners.ts'
import { program } from './testing/program.ts'

const stay = 'setInterval(() => {}, 60_000)'

describe('a claim', () => {
  test('that is killed while it has the lock leaves the path to the next one', async () => {
    using folder = temporaryFolder()
    await using holder = program(
      `globalThis.lock = await fdPassing.lockFile(process.env.LOCK); console.log('locked'); ${stay}`,
      { env: { LOCK: folder.join('.s.lock') } },
    )
    await holder.printed(/locked/)
    const claim = claimUnixPath({ path: folder.join('s') })
    holder.kill('SIGKILL')
    using _ = (await claim).listener
    expect(readdirSync(folder.path)).toEqual(['s'])
  })

  test('of a dead path by several processes at once succeeds for exactly one', async () => {
    using folder = temporaryFolder()
    listenUnix({ path: folder.join('s') }).close()
    const claimer = () =>
      program(
        `await fdPassing.claimUnixPath({ path: process.env.SOCKET }).then(
           ({ listener }) => { globalThis.kept = listener; console.log('claimed') },
           ({ code }) => console.log(code),
         ); ${stay}`,
        { env: { SOCKET: folder.join('s') } },
      )
    await using a = claimer()
    await using b = claimer()
    await using c = claimer()
    const outcomes = await Promise.all([a, b, c].map((run) => run.printed(/claimed|ERR_\w+/)))
    expect(outcomes.map(([outcome]) => outcome).sort()).toEqual([
      'ERR_PATH_IN_USE',
      'ERR_PATH_IN_USE',
      'claimed',
    ])
    expect(readdirSync(folder.path)).toEqual(['s'])
  })
})

describe.runIf(process.geteuid?.() === 0)('another user', () => {
  test('cannot keep a path from being claimed by a lock on its folder', async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o755)
    await using other = program(
      `process.setuid(65534)
       console.log(fdPassing.tryLock(fs.openSync(process.env.FOLDER)) ? 'locked' : 'refused'); ${stay}`,
      { env: { FOLDER: folder.path } },
    )
    await other.printed(/locked/)
    using _ = (await claimUnixPath({ path: folder.join('s') })).listener
    expect(readdirSync(folder.path)).toEqual(['s'])
  })

  test('who may not write the folder learns that the path is in use', async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o755)
    using _ = listenUnix({ path: folder.join('s'), mode: 0o666 })
    await using other = program(
      `process.setuid(65534)
       for (const name of ['s', 'free']) await fdPassing.claimUnixPath({ path: process.env.FOLDER + '/' + name }).catch(
         ({ code, errno, message }) => console.log(code, errno, message))`,
      { env: { FOLDER: folder.path } },
    )
    expect(await other.exit, other.stderr).toEqual({ code: 0, signal: null })
    expect(other.stdout).toMatch(
      /^ERR_PATH_IN_USE undefined a live process listens at .*\nERR_SYSTEM EACCES open .*\n$/,
    )
  })
})
