import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, vi } from 'vitest'
import { BackgroundProcesses } from './background-processes.ts'
import type { OrphansEvent } from './events.ts'

function failEarly(background: BackgroundProcesses, generation: number): Promise<void> {
  background.observe({
    type: 'generation-failed',
    generation,
    elapsedMs: 1,
    failure: { type: 'exited', code: 0, signal: null, beforeReady: true },
  })
  background.observe({ type: 'generation-exited', generation, exit: { code: 0, signal: null } })
  return background.settled()
}

function started(generations: number[]) {
  const onEvent = vi.fn<(event: OrphansEvent) => void>()
  const background = new BackgroundProcesses({ stopSignal: 'SIGTERM', drainTimeoutMs: 5_000 }, onEvent)
  for (const id of generations) background.starting({ id, notifySocket: `/nowhere/${id}.sock` })
  return { background, onEvent, daemon: spawn('sleep', ['1000'], { env: {}, detached: true }) }
}

it.runIf(process.platform === 'linux')('ends a daemon beside a generation that was given up', async () => {
  const { background, daemon } = started([1, 2])
  const exit = once(daemon, 'exit')
  background.observe({ type: 'generation-given-up', generation: 1, pid: 4 })
  await failEarly(background, 2)
  daemon.kill('SIGKILL')
  expect(await exit).toEqual([null, 'SIGTERM'])
})

it.runIf(process.platform === 'linux')('ends what a generation left that was not ready in time', async () => {
  const { background, daemon } = started([1])
  const exit = once(daemon, 'exit')
  background.observe({
    type: 'generation-failed',
    generation: 1,
    elapsedMs: 1,
    failure: { type: 'not-ready', timeoutMs: 1 },
  })
  background.observe({ type: 'generation-exited', generation: 1, exit: { code: null, signal: 'SIGTERM' } })
  await background.settled()
  daemon.kill('SIGKILL')
  expect(await exit).toEqual([null, 'SIGTERM'])
})

it.runIf(process.platform === 'linux')('names a process that cannot be ended as what it is', async () => {
  const { background, onEvent, daemon } = started([2])
  const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
    throw new Error('kill EPERM')
  })
  await failEarly(background, 2)
  kill.mockRestore()
  daemon.kill('SIGKILL')
  const message = `process ${daemon.pid}, which generation 2 left in the background, cannot be killed: kill EPERM. Kill it yourself: sudo kill ${daemon.pid}`
  expect(onEvent).toHaveBeenLastCalledWith({
    type: 'background-process-stays',
    generation: 2,
    error: expect.objectContaining({ code: 'ERR_ORPHAN_STAYS', message }),
  })
})
