import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openFds, processState, TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { PollingWatch, watchPid } from './watch-pid.ts'

function exitOf(watch: (onExit: () => void) => Disposable): { exited: Promise<void>; watch: Disposable } {
  let watching: Disposable | undefined
  const exited = new Promise<void>((resolve) => {
    watching = watch(resolve)
  })
  return { exited, watch: watching as Disposable }
}

describe('watchPid', () => {
  it('reports the exit of a process that is not a child', async () => {
    await using shell = TestProcess.start('sh', ['-c', 'sleep 1000 & echo $!; wait'])
    const [, grandchild] = await shell.printed(/(\d+)\n/)
    const { exited } = exitOf((onExit) => watchPid(Number(grandchild), onExit))
    process.kill(Number(grandchild), 'SIGKILL')
    await exited
  })

  it.runIf(process.platform === 'linux')('reports a zombie, which kill(2) still finds', async () => {
    await using shell = TestProcess.start('sh', ['-c', 'sleep 1000 & echo $!; kill -STOP $$; wait'])
    const [, grandchild] = await shell.printed(/(\d+)\n/)
    const { exited } = exitOf((onExit) => watchPid(Number(grandchild), onExit))
    await waitFor(() => processState(shell.pid) === 'T')
    process.kill(Number(grandchild), 'SIGKILL')
    await exited
    expect(processState(Number(grandchild))).toBe('Z')
    shell.kill('SIGCONT')
    await shell.exit
  })

  it('reports soon, but not synchronously, that the process does not exist', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    let told = false
    const { exited } = exitOf((onExit) =>
      watchPid(child.pid as number, () => {
        told = true
        onExit()
      }),
    )
    expect(told).toBe(false)
    await exited
  })

  it('reports nothing after close(), and keeps no descriptor', async () => {
    await using watched = TestProcess.start('sleep', ['1000'])
    const before = openFds().size
    const watch = watchPid(watched.pid, () => {
      throw new Error('told after close()')
    })
    watch.close()
    watch[Symbol.dispose]()
    expect(openFds().size).toBe(before)
    watched.kill('SIGKILL')
    await watched.exit
  })

  it.each([0, -1, 1.5])('refuses %d', (pid) => {
    expect(() => watchPid(pid, () => {})).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('polls where the system lacks pidfds', async () => {
    await using watched = TestProcess.start('sleep', ['1000'])
    const { exited, watch } = exitOf((onExit) => new PollingWatch(watched.pid, 1, onExit))
    const closed = new PollingWatch(watched.pid, 1, () => {
      throw new Error('told after close()')
    })
    closed.close()
    watched.kill('SIGKILL')
    await exited
    watch[Symbol.dispose]()
  })
})
