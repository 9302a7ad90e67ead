import { EventEmitter, once } from 'node:events'
import { defineStateStream } from '@shellflip/state-serialization'
import { waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { giveHandover } from './give-handover.ts'
import { OutgoingFile } from './outgoing-file.ts'
import { takeOver } from './take-over.ts'
import { connected, fdCensus } from './testing/connected.ts'

const Blocks = defineStateStream({ name: 'state', version: 1, schema: z.instanceof(Buffer) })

describe.runIf(process.platform === 'linux')('a handover that ends before its state', () => {
  test('closes items that come later, and leaves no descriptor', async () => {
    const census = fdCensus()
    {
      using ends = connected()
      const steps = new EventEmitter()
      const [waiting, continued] = [once(steps, 'waiting'), once(steps, 'continued')]
      let closed = false
      const items = (async function* () {
        try {
          // Five chunks, just below the length from which a file carries the state.
          for (let item = 0; item < 10; item++) yield Buffer.alloc(103_000)
          steps.emit('waiting')
          await continued
          yield Buffer.alloc(300_000)
          yield Buffer.alloc(300_000)
        } finally {
          closed = true
        }
      })()
      const abort = new AbortController()
      const offer = { version: '1', sockets: [], state: { definition: Blocks, items } }
      const giving = giveHandover(ends.predecessor, offer, { signal: abort.signal })
      using takeover = await takeOver(ends.successor, { states: [Blocks] })
      const taking = (async () => {
        for await (const _ of takeover.items(Blocks));
      })().catch((error: { code?: string }) => error.code)
      await waiting
      abort.abort()
      expect(await giving).toMatchObject({ failure: { type: 'aborted' } })
      expect(await taking).toBe('ERR_REFUSED')
      steps.emit('continued')
      await waitFor(() => closed, { what: 'the end of the items', deadlineMs: 2_000 })
    }
    await census.isBalanced()
  })

  test('does not wait for room in a file that is closed', async () => {
    using ends = connected()
    const file = OutgoingFile.open(ends.predecessor, 1_000) as OutgoingFile
    expect(await file.append(Buffer.alloc(900))).toBe(900)
    const waiting = file.append(Buffer.alloc(200))
    file[Symbol.dispose]()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
    await expect(file.append(Buffer.alloc(200))).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
    await expect(file.append(Buffer.alloc(1))).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
  })
})
