import { fstatSync, readFileSync } from 'node:fs'
import { socketpair } from '@shellflip/fd-passing'
import { isAlive, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { launchCommand } from '../command/launch-command.ts'
import { handoverVariable } from '../descriptor-variables.ts'
import { startForManager } from './start-for-manager.ts'

/** Starts a program of node's, `--eval`, as a successor would be. */
async function start(program: string) {
  const [ours, theirs] = socketpair('stream')
  const command = launchCommand({ file: process.execPath, args: ['--eval', program] })
  const successor = await startForManager(command, [{ fd: theirs, variable: handoverVariable }])
  theirs.close()
  return { successor, [Symbol.dispose]: () => ours.close() }
}

const hang = 'setInterval(() => {}, 1000)'

describe.runIf(process.platform === 'linux')('a successor whose parent will be the service manager', () => {
  test.each([
    ['process.exit(3)', { code: 3, signal: null }],
    ['process.exit(0)', { code: 0, signal: null }],
    ['process.kill(process.pid, "SIGKILL")', { code: null, signal: 'SIGKILL' }],
    ['process.kill(process.pid, "SIGTERM")', { code: null, signal: 'SIGTERM' }],
  ])('%s is reported as it is', async (program, exit) => {
    using run = await start(program)
    expect(await run.successor.exited).toEqual(exit)
    expect(isAlive(run.successor.pid)).toBe(false)
  })

  test('is ended with all that it has started', async () => {
    using run = await start(`require('node:child_process').spawn('sleep', ['1000']); ${hang}`)
    const { successor } = run
    const children = () =>
      readFileSync(`/proc/${successor.pid}/task/${successor.pid}/children`, 'utf8').trim()
    const child = Number(await waitFor(children, { what: 'its child' }))
    expect(await successor.kill()).toEqual({ code: null, signal: 'SIGKILL' })
    await waitFor(() => !isAlive(successor.pid) && !isAlive(child))
  })

  test('is an orphan, and lives, when it is left', async () => {
    using run = await start(hang)
    const { successor } = run
    const parent = () =>
      Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${successor.pid}/status`, 'utf8'))?.[1])
    const shell = parent()
    await successor.leave()
    expect(isAlive(shell)).toBe(false)
    expect(isAlive(successor.pid)).toBe(true)
    expect([shell, process.pid]).not.toContain(parent())
    process.kill(successor.pid, 'SIGKILL')
    await waitFor(() => !isAlive(successor.pid))
  })

  test('has the handover channel, standard input and nothing of the shell’s', async () => {
    using run = await start(`
      const isSocket = require('node:fs').fstatSync(Number(process.env.SHELLFLIP_HANDOVER)).isSocket()
      process.exit(isSocket && !require('node:fs').readlinkSync('/proc/self/fd/4').startsWith('socket') ? 7 : 8)`)
    expect((await run.successor.exited).code).toBe(7)
  })

  test('has its sockets at their places, and other descriptors where its variables say', async () => {
    const pairs = Array.from({ length: 9 }, () => socketpair('stream'))
    const passed = pairs.map(([, fd], index) => (index < 6 ? { fd } : { fd, variable: `FD_${index}` }))
    const inodeOf = (fd: number) => fstatSync(fd).ino
    const expected = passed.map(({ fd }) => inodeOf(fd.fd))
    const program = `
      const { FD_6, FD_7, FD_8 } = process.env
      const inodes = [3, 4, 5, 6, 7, 8, FD_6, FD_7, FD_8].map((fd) => require('node:fs').fstatSync(Number(fd)).ino)
      process.exit(inodes.join() === '${expected}' ? 7 : 8)`
    const command = launchCommand({ file: process.execPath, args: ['--eval', program] })
    const successor = await startForManager(command, passed)
    expect((await successor.exited).code).toBe(7)
    for (const end of pairs.flat()) end.close()
  })

  test('cannot have more sockets than a shell can number', async () => {
    const [fd, other] = socketpair('stream')
    const passed = Array.from({ length: 7 }, () => ({ fd }))
    const starting = startForManager(launchCommand({ file: 'true', args: [] }), passed)
    await expect(starting).rejects.toMatchObject({ code: 'ERR_TOO_MANY_SOCKETS' })
    fd.close()
    other.close()
  })
})
