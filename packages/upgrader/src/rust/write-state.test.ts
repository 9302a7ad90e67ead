import { UnixSocket } from '@shellflip/fd-passing'
import type { OfferedState } from '@shellflip/handover'
import { defineState } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { writeState } from './write-state.ts'

const definition = defineState({ name: 'count', version: 1, schema: z.int() })
const state = { definition, value: 41 } as OfferedState<unknown>

describe('the pipe', () => {
  test('ends with the state', async () => {
    const [pipe, remote] = UnixSocket.pair('stream')
    using _ = remote
    await writeState(pipe, state, () => '41', new AbortController().signal)
    expect(`${remote.receiveNow()?.data}`).toBe('41')
    expect(remote.receiveNow()).toBeNull()
  })

  test('does not end with a part of the state', async () => {
    const ended = new AbortController()
    function* fails() {
      yield '4'
      throw new Error('no more bytes today')
    }
    function* isAborted() {
      yield '4'
      ended.abort()
      yield '1'
    }
    for (const toRust of [fails, isAborted]) {
      const [pipe, remote] = UnixSocket.pair('stream')
      using _pipe = pipe
      using _remote = remote
      await writeState(pipe, state, toRust, ended.signal).catch(() => {})
      expect(`${remote.receiveNow()?.data}`).toBe('4')
      expect(remote.receiveNow()).toBeUndefined()
    }
  })
})
