import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { listenTcp } from '@shellflip/fd-passing'
import { compileScriptedProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { lookForSockets } from './look-for-sockets.ts'
import { describeNotTaken } from './passed-sockets.ts'
import { memberOf } from './process-lookup.ts'

const build = temporaryFolder('scripted-')
const scripted = compileScriptedProcess(build.path)
afterAll(() => build[Symbol.dispose]())

const inUserNamespace = 'unshare --user --map-root-user'

/** Each ends with the group of its parent, and reports its pid when it is set up. */
const c = (steps: string, last = 'hang') => `${scripted} ${steps} pid "$READY" ${last}`
const node = (lines: string) => `node -e '
${lines}
setTimeout(() => {}, 60_000)
setTimeout(() => require("fs").writeFileSync(process.env.READY, String(process.pid)), 50)'`

/** Runs a command with a passed socket as fd 3, and looks for it when the command is set up. */
async function look(script: string) {
  using folder = temporaryFolder()
  using listener = listenTcp({ host: '127.0.0.1', port: 0 })
  const ready = folder.join('ready')
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    env: { ...process.env, READY: ready },
    stdio: ['ignore', 'inherit', 'inherit', listener.fd],
  })
  const spawnedPid = child.pid as number
  let readyPid = spawnedPid
  try {
    readyPid = await waitFor(() => {
      try {
        return Number(readFileSync(ready, 'utf8'))
      } catch {
        return undefined
      }
    })
    const found = lookForSockets({ spawnedPid, readyPid, sockets: [{ name: 'http', fd: listener }] })
    return { found, spawnedPid, readyPid }
  } finally {
    process.kill(-spawnedPid, 'SIGKILL')
    if (memberOf(readyPid) !== undefined) process.kill(-readyPid, 'SIGKILL')
  }
}

describe.runIf(process.platform === 'linux')('the sockets that were passed', () => {
  test.each([
    ['no process took them, and one behind a shell listens by itself', `${c('listen')}; true`],
    [
      'Node behind a shell listens by itself: that Node marks every descriptor is no trace',
      `${node('require("net").createServer().listen(0, "127.0.0.1")')}; true`,
    ],
  ])('are not taken: %s', async (_, script) => {
    const { found, spawnedPid, readyPid } = await look(script)
    expect(found).toEqual({
      readyPid,
      listenPid: spawnedPid,
      listenCommand: expect.stringContaining('sh'),
      listenerPid: readyPid,
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
  })

  test.each([
    ['its environment was emptied', `exec env -i READY="$READY" ${c('listen')}`],
    ['its descriptor was closed', `exec 3<&-; export LISTEN_PID=$$; exec ${c('listen')}`],
    ['it left the group and its parent', `export LISTEN_PID=$$; setsid -f ${c('listen')}; sleep 60`],
  ])('are not taken by a process that listens by itself: %s', async (_, script) => {
    const { found, readyPid } = await look(script)
    expect(found).toMatchObject({ readyPid, listenerPid: readyPid })
  })

  test('may be taken by the process that LISTEN_PID names, whatever else it listens on', async () => {
    const { found } = await look(`export LISTEN_PID=$$; exec ${c('listen')}`)
    expect(found).toBeUndefined()
  })

  test.each([
    ['without a trace, as by accept() on fd 3', c('', 'accept 3')],
    ['with close-on-exec', c('close-on-exec 3 listen')],
    ['as a duplicate', c('duplicate 3 listen')],
    ['by epoll', c('epoll 3 listen')],
    ['without a trace, beside a UNIX socket for control', c('listen-unix', 'accept 3')],
  ])('may be taken behind a shell %s', async (_, command) => {
    const { found } = await look(`${command}; true`)
    expect(found).toBeUndefined()
  })

  test('may be taken in a container, whose port another process holds in a user namespace of its own', async (context) => {
    if (spawnSync('/bin/sh', ['-c', `${inUserNamespace} true`]).status !== 0) {
      return context.skip('this system lets nobody here make a user namespace (unshare)')
    }
    const { found } = await look(`${inUserNamespace} ${c('listen')}; true`)
    expect(found).toBeUndefined()
  })

  test('may be taken by Node behind a shell', async () => {
    const lines = `const net = require("net"); net.createServer().listen({ fd: 3 }); net.createServer().listen(0, "127.0.0.1")`
    const { found } = await look(`${node(lines)}; true`)
    expect(found).toBeUndefined()
  })
})

test('the failure names who keeps them and where the service listens', () => {
  const found = { readyPid: 812, listenPid: 800, listenCommand: 'npm start\n', listenerPid: 812 }
  expect(describeNotTaken({ ...found, address: '127.0.0.1:18151' })).toBe(
    'pid 812 reports ready, but no process took the sockets: LISTEN_PID names pid 800 (npm start). ' +
      'It listens on 127.0.0.1:18151 instead. Start the server directly, or by exec',
  )
  expect(describeNotTaken({ ...found, listenPid: 812, address: '127.0.0.1:18151' })).toContain(
    'no process took the sockets: something closed them or removed LISTEN_PID before the server started. It listens',
  )
})
