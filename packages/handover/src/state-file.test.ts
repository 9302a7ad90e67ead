import { writeSync } from 'node:fs'
import { memfd, type OwnedFd, pipe, type UnixSocket } from '@shellflip/fd-passing'
import { defineState, defineStateStream, toBuffer } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeFrame, FrameDecoder, type FrameType } from './frame.ts'
import { giveHandover } from './give-handover.ts'
import { encodeRing, encodeTotal } from './state-messages.ts'
import { takeOver } from './take-over.ts'
import { besidePeer, connected, fdCensus, message } from './testing/connected.ts'

const Block = defineState({ name: 'state', version: 1, schema: z.instanceof(Buffer) })
const Blocks = defineStateStream({ name: 'state', version: 1, schema: z.instanceof(Buffer) })
const MiB = 1024 ** 2

const offer = (state: object) => ({ version: '1', sockets: [], state }) as never

describe.runIf(process.platform === 'linux')('a long state', () => {
  test('is given as it was when save() returned, and leaves no descriptor', async () => {
    const census = fdCensus()
    {
      using ends = connected()
      const value = Buffer.alloc(20 * MiB, 1)
      const giving = giveHandover(ends.predecessor, offer({ definition: Block, value }))
      using takeover = await takeOver(ends.successor, { states: [Block] })
      // The manifest is here, so save() has returned.
      value.fill(2)
      const taken = await takeover.state(Block)
      expect(taken?.equals(Buffer.alloc(20 * MiB, 1))).toBe(true)
      await takeover.ready()
      expect(await giving).toMatchObject({ type: 'committed' })
    }
    await census.isBalanced()
  })

  test('of items goes around in a file, with few items taken ahead of the successor', async () => {
    const census = fdCensus()
    {
      using ends = connected()
      let made = 0
      const items = (function* () {
        for (; made < 600; made++) yield Buffer.alloc(100_000, made)
      })()
      const giving = giveHandover(ends.predecessor, offer({ definition: Blocks, items }))
      using takeover = await takeOver(ends.successor, { states: [Blocks] })
      let taken = 0
      for await (const item of takeover.items(Blocks)) {
        expect(item.equals(Buffer.alloc(100_000, taken++))).toBe(true)
        expect(made - taken).toBeLessThan(200)
      }
      expect(taken).toBe(600)
      await takeover.ready()
      expect(await giving).toMatchObject({ type: 'committed' })
    }
    await census.isBalanced()
  })

  test('of slow items arrives item by item', async () => {
    using ends = connected()
    let next = () => {}
    const items = (async function* () {
      for (let item = 0; item < 8; item++) {
        yield Buffer.alloc(MiB, item)
        await new Promise<void>((resolve) => {
          next = resolve
        })
      }
    })()
    const giving = giveHandover(ends.predecessor, offer({ definition: Blocks, items }))
    using takeover = await takeOver(ends.successor, { states: [Blocks] })
    let taken = 0
    // A part of each item is in a chunk that is not full. The next item pushes it out.
    const reading = (async () => {
      for await (const item of takeover.items(Blocks)) expect(item[0]).toBe(taken++)
    })()
    const pulse = setInterval(() => next(), 1)
    await reading.finally(() => clearInterval(pulse))
    expect(taken).toBe(8)
    await takeover.ready()
    await giving
  })

  test('that is not read further ends with the takeover, and closes the items', async () => {
    const census = fdCensus()
    {
      using ends = connected()
      let closed = false
      const items = (function* () {
        try {
          for (let item = 0; item < 300; item++) yield Buffer.alloc(100_000, item)
        } finally {
          closed = true
        }
      })()
      const giving = giveHandover(ends.predecessor, offer({ definition: Blocks, items }))
      using takeover = await takeOver(ends.successor, { states: [Blocks] })
      for await (const _ of takeover.items(Blocks)) break
      takeover.refuse('enough')
      expect(await giving).toMatchObject({ failure: { type: 'refused', reason: 'enough' } })
      expect(closed).toBe(true)
    }
    await census.isBalanced()
  })
})

describe.runIf(process.platform === 'linux')('a predecessor that lies about its memory file', () => {
  const manifest = {
    predecessor: { pid: 42, version: '1' },
    sockets: [],
    lock: false,
    state: { name: 'state', version: 1 },
  }
  const frame = (type: FrameType, payload: Buffer, fdCount = 0) => encodeFrame({ type, payload, fdCount })
  const written = (total: number) => frame('stateWritten', encodeTotal(total))

  async function taken(script: (peer: UnixSocket, file: OwnedFd) => Promise<unknown>): Promise<unknown> {
    const census = fdCensus()
    let outcome: unknown
    {
      using ends = besidePeer()
      using file = memfd('state')
      writeSync(file.fd, await toBuffer(Block.encode(Buffer.alloc(100_000, 7))))
      const outcomes = takeOver(ends.channel, { states: [Block], timeoutMs: 500 }).then(async (takeover) => {
        using _ = takeover
        return (await takeover.state(Block))?.length
      })
      outcomes.catch(() => {})
      await ends.peer.send(message('manifest', manifest))
      await script(ends.peer, file)
      outcome = await outcomes.catch((error: { code?: string }) => error.code ?? error)
    }
    await census.isBalanced()
    return outcome
  }

  const give = (peer: UnixSocket, fd: OwnedFd, ring = 0) =>
    peer.send(frame('stateFile', encodeRing(ring), 1), { fds: [fd] })

  test('that is right is believed', async () => {
    const length = (await toBuffer(Block.encode(Buffer.alloc(100_000, 7)))).length
    const found = taken(async (peer, file) => {
      await give(peer, file)
      await peer.send(written(length))
      await peer.send(message('stateEnd'))
    })
    expect(await found).toBe(100_000)
  })

  test.each<[string, (peer: UnixSocket, file: OwnedFd) => Promise<unknown>]>([
    [
      'a pipe, which could be read for ever',
      async (peer) => {
        const { reader, writer } = pipe()
        await give(peer, reader)
        for (const fd of [reader, writer]) fd.close()
      },
    ],
    ['a file without a descriptor', (peer) => peer.send(frame('stateFile', encodeRing(0)))],
    ['bytes without a file', (peer) => peer.send(written(10))],
    ['more than is in the file', (peer, file) => give(peer, file).then(() => peer.send(written(10 * MiB)))],
    [
      'less than before',
      (peer, file) =>
        give(peer, file)
          .then(() => peer.send(written(100)))
          .then(() => peer.send(written(99))),
    ],
    [
      'more than fits into a ring',
      (peer, file) => give(peer, file, 1_000).then(() => peer.send(written(1_001))),
    ],
    ['a second file', (peer, file) => give(peer, file).then(() => give(peer, file))],
    ['a broken number', (peer, file) => give(peer, file).then(() => peer.send(message('stateWritten', 1)))],
    [
      'a number beyond all numbers',
      (peer, file) => give(peer, file).then(() => peer.send(frame('stateWritten', Buffer.alloc(8, 0xff)))),
    ],
    ['what only a successor sends', (peer) => peer.send(frame('stateRead', encodeTotal(1)))],
  ])('%s', async (_, script) => {
    expect(await taken(script)).toBe('ERR_PROTOCOL')
  })

  test('and ends', async () => {
    const script = async (peer: UnixSocket, file: OwnedFd) => {
      await give(peer, file)
      await peer.send(written(1_000))
      peer.close()
    }
    expect(await taken(script)).toBe('ERR_PREDECESSOR_GONE')
  })
})

describe.runIf(process.platform === 'linux')('a successor that lies about what it has read', () => {
  const hello = { protocol: 1, pid: 42, accepts: { state: 1 } }
  const read = (total: number) => encodeFrame({ type: 'stateRead', payload: encodeTotal(total), fdCount: 0 })

  async function amid(peer: UnixSocket): Promise<void> {
    const decoder = new FrameDecoder()
    for await (const { data, fds } of peer) {
      for (const fd of fds) fd.close()
      if ([...decoder.push(data)].some(({ type }) => type === 'stateWritten')) return
    }
  }

  test.each<[string, number, (peer: UnixSocket) => Promise<unknown>]>([
    ['more than was written', 300, (peer) => amid(peer).then(() => peer.send(read(100 * MiB)))],
    [
      'less than before',
      300,
      (peer) => amid(peer).then(() => peer.send(Buffer.concat([read(1_000), read(999)]))),
    ],
    ['something of a state that has no file', 1, (peer) => peer.send(read(1))],
  ])('%s', async (_, count, script) => {
    const census = fdCensus()
    {
      using ends = besidePeer()
      const items = Array.from({ length: count }, () => Buffer.alloc(100_000))
      const giving = giveHandover(ends.channel, offer({ definition: Blocks, items }))
      await ends.peer.send(message('hello', hello))
      await script(ends.peer)
      expect(await giving).toMatchObject({ failure: { type: 'protocol', error: { code: 'ERR_PROTOCOL' } } })
    }
    await census.isBalanced()
  })
})
