import { readFileSync } from 'node:fs'
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
})
