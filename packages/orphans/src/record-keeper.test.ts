import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { SupervisorEvent } from '@shellflip/rolling-supervisor'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it } from 'vitest'
import { readRecord } from './generation-record.ts'
import { LeftBehind } from './left-behind.ts'
import { settingsOf } from './options.ts'
import { RecordKeeper } from './record-keeper.ts'

it('keeps a generation that could not be ended, with its sockets, while it runs', () => {
  using folder = temporaryFolder('pr-')
  mkdirSync(folder.join('api'), { mode: 0o700 })
  const path = folder.join('api', 'generations.json')
  const listeners = [{ key: 'tcp 127.0.0.1 80 ', fixed: 'stream', inode: 1 }]
  const left = new LeftBehind({ generations: [], listeners: [], notifyDirectories: [] }, settingsOf({}))
  const child = spawn('sleep', ['1000'])
  const pid = child.pid as number
  const end = (last: SupervisorEvent) => {
    using keeper = new RecordKeeper(path, {
      left,
      listeners,
      directory: folder,
      program: 'supervisor',
      onEvent: undefined,
    })
    keeper.expect(1, folder.join('1.sock'))
    keeper.observe({ type: 'generation-started', generation: 1, pid })
    keeper.observe(last)
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
