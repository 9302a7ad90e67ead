import { lstatSync, realpathSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { program } from './testing/program.ts'

/** The flags of Node's permission model, by the names that this Node has for them. */
const flags = ['--permission', '--experimental-permission']
  .filter((flag) => process.allowedNodeEnvironmentFlags.has(flag))
  .slice(0, 1)
  .concat('--allow-addons', '--allow-fs-read=*')
  .concat(process.allowedNodeEnvironmentFlags.has('--allow-net') ? '--allow-net' : [])

test('under the permission model of Node a path is claimed, its mode set, and a dead one taken over', async () => {
  using folder = temporaryFolder()
  const path = `${realpathSync(folder.path)}/s`
  await using run = program(
    `process.umask(0o077)
     const { listener } = await fdPassing.claimUnixPath({ path: process.env.SOCKET, mode: 0o660 })
     listener.close()
     const again = await fdPassing.claimUnixPath({ path: process.env.SOCKET, mode: 0o666 })
     fdPassing.setSocketMode(process.env.SOCKET, 0o640)
     await fdPassing.serverFrom(again.listener, net.createServer((socket) => socket.end('answered')))
     net.connect(process.env.SOCKET).on('data', (text) => { console.log(String(text)); process.exit() })`,
    { env: { SOCKET: path }, nodeArguments: flags },
  )
  expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
  expect(run.stdout).toBe('answered\n')
  expect(lstatSync(path).mode & 0o777).toBe(0o640)
})
