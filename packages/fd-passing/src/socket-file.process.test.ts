import { spawnSync } from 'node:child_process'
import { lstatSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

/** Linux 6.6 has fchmodat2(2). Mount namespaces take root, and some containers have none. */
const canHideProc =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/proc']).status === 0

const setsMode = `
  import { listenUnix } from '@shellflip/fd-passing'
  process.umask(0o077)
  try { listenUnix({ path: process.env.SOCKET, mode: 0o666 }); console.log('set') }
  catch ({ code, message }) { console.log(code, message) }
`

test.runIf(canHideProc)('a mode is set without /proc, or the error says what it takes', async () => {
  using folder = temporaryFolder()
  const node = [process.execPath, '--input-type=module', '-e', setsMode]
  await using run = TestProcess.start(
    'unshare',
    ['-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', '-', ...node],
    { env: { SOCKET: folder.join('s') }, cwd: fileURLToPath(new URL('..', import.meta.url)) },
  )
  expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
  if (run.stdout === 'set\n') expect(lstatSync(folder.join('s')).mode & 0o777).toBe(0o666)
  else expect(run.stdout).toMatch(/^ERR_UNSUPPORTED .*needs \/proc or Linux 6\.6/)
})
