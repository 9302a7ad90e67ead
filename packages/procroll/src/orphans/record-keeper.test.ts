import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { RollingSupervisor, SupervisorEvent } from '@shellflip/rolling-supervisor'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it } from 'vitest'
import { createLogger } from '../log/logger.ts'
import { readRecord } from './generation-record.ts'
import { LeftBehind } from './left-behind.ts'
import { RecordKeeper } from './record-keeper.ts'

it('keeps a generation that could not be ended, with its sockets, while it runs', () => {
  using folder = temporaryFolder('pr-')
  mkdirSync(folder.join('api'), { mode: 0o700 })
  const path = folder.join('api', 'generations.json')
  const listeners = [{ key: 'tcp 127.0.0.1 80 ', fixed: 'stream', inode: 1 }]
  const logger = createLogger({ format: 'text', debug: false })
  const child = spawn('sleep', ['1000'])
  const pid = child.pid as number
  const end = (last: SupervisorEvent) => {
    using keeper = new RecordKeeper(path, {
      left: LeftBehind.nothing,
      listeners,
      directory: folder,
      logger,
    })
    let emit: (event: SupervisorEvent) => void = () => {}
    const supervisor: Pick<RollingSupervisor, 'onEvent'> = {
      onEvent(listener) {
        emit = listener
        return { [Symbol.dispose]() {} }
      },
    }
    keeper.follow(supervisor as RollingSupervisor)
    keeper.expect(1, folder.join('1.sock'))
    emit({ type: 'generation-started', generation: 1, pid })
    emit(last)
  }
  try {
    end({ type: 'generation-given-up', generation: 1, pid })
    expect(readRecord(path)).toMatchObject({ generations: [{ generation: 1, pid }], listeners })
    end({ type: 'generation-exited', generation: 1, exit: { code: 0, signal: null } })
    expect(readRecord(path)).toBeUndefined()
  } finally {
    child.kill('SIGKILL')
  }
})
