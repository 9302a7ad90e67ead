import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { processesNotifying } from './processes-notifying.ts'

describe.runIf(process.platform === 'linux')('processesNotifying', () => {
  it('finds the processes that were given one of the notify sockets, and no others', async () => {
    const start = async (path: string | undefined) => {
      const child = spawn('sleep', ['60'], {
        env: { BEFORE: 'NOTIFY_SOCKET=/run/a/1.sock', NOTIFY_SOCKET: path },
      })
      await once(child, 'spawn')
      return child
    }
    const paths = ['/run/a/1.sock', '/run/a/2.sock', '/run/a/1.socket', undefined]
    const [first, second, ...others] = await Promise.all(paths.map(start))
    expect(
      processesNotifying(new Set(['/run/a/1.sock', '/run/a/2.sock'])).sort((a, b) => a.pid - b.pid),
    ).toEqual(
      [
        { pid: first?.pid, notifySocket: '/run/a/1.sock' },
        { pid: second?.pid, notifySocket: '/run/a/2.sock' },
      ].sort((a, b) => Number(a.pid) - Number(b.pid)),
    )
    expect(processesNotifying(new Set())).toEqual([])
    for (const child of [first, second, ...others]) if (child) await ended(child)
  })
})

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
