import type { UnixSocket } from '@shellflip/fd-passing'
import { describe, expect, test } from 'vitest'
import { encodeFrame, FrameDecoder, type FrameType } from './frame.ts'
import { giveHandover } from './give-handover.ts'
import { takeOver } from './take-over.ts'
import type { Takeover } from './takeover.ts'
import { besidePeer, connected, fdCensus, message } from './testing/connected.ts'

const nothing = { version: '1', sockets: [] }
const manifest = { predecessor: { pid: 42, version: '1' }, sockets: [], lock: false, state: null }
const refusal = encodeFrame({ type: 'refused', payload: Buffer.from('not now'), fdCount: 0 })

/** The types of the next messages. */
async function heard(peer: UnixSocket): Promise<FrameType[]> {
  const arrival = await peer.receive()
  return [...new FrameDecoder().push(arrival?.data ?? Buffer.alloc(0))].map(({ type }) => type)
}

/** A successor whose predecessor is a bare socket, when that was told "ready". */
async function ready(activate?: (takeover: Takeover) => void | Promise<void>) {
  const { peer, channel, ...ends } = besidePeer()
  const taking = takeOver(channel)
  await peer.receive()
  await peer.send(message('manifest', manifest))
  const takeover = await taking
  const readying = takeover.ready(() => activate?.(takeover))
  readying.catch(() => {})
  expect(await heard(peer)).toEqual(['ready'])
  return { peer, takeover, readying, ...ends }
}

/** The same, when it has reported that it serves. */
async function reported() {
  const successor = await ready()
  await successor.peer.send(message('commit'))
  expect(await heard(successor.peer)).toEqual(['serving'])
  expect([successor.takeover.committed, successor.takeover.deciding]).toEqual([false, true])
  return successor
}

describe('activate', () => {
  test('runs after "commit" and before "serving"', async () => {
    const runs: boolean[] = []
    let finish = () => {}
    using successor = await ready((takeover) => {
      runs.push(takeover.committed)
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    const { peer, takeover, readying } = successor
    expect(runs).toEqual([])
    await peer.send(message('commit'))
    const next = heard(peer)
    expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 20, 'silence'))])).toBe(
      'silence',
    )
    expect(runs).toEqual([false])
    finish()
    expect(await next).toEqual(['serving'])
    await peer.send(message('released'))
    expect(await readying).toEqual({ predecessor: 'draining' })
    expect([takeover.committed, takeover.deciding]).toEqual([true, false])
    takeover.close()
  })

  test.each([
    ['throws', () => fail('no port is free')],
    ['rejects', async () => fail('no port is free')],
  ])('that %s leaves the service to the predecessor, which learns the reason', async (_, activate) => {
    const census = fdCensus()
    {
      using ends = connected()
      const giving = giveHandover(ends.predecessor, nothing)
      using takeover = await takeOver(ends.successor)
      await expect(takeover.ready(activate)).rejects.toThrow('no port is free')
      expect(await giving).toMatchObject({
        type: 'failed',
        failure: { type: 'refused', reason: 'no port is free' },
      })
      expect(takeover.committed).toBe(false)
    }
    await census.isBalanced()
  })

  test('that refuses ends the takeover, whatever it returns', async () => {
    using ends = connected()
    const giving = giveHandover(ends.predecessor, nothing)
    using takeover = await takeOver(ends.successor)
    await expect(takeover.ready(() => takeover.refuse('stopped'))).rejects.toMatchObject({
      code: 'ERR_OUT_OF_TURN',
    })
    expect(await giving).toMatchObject({ failure: { type: 'refused', reason: 'stopped' } })
    expect(takeover.committed).toBe(false)
  })

  test('is called where the predecessor has ended, and the process is the owner before it', async () => {
    const owned: boolean[] = []
    using successor = await ready((takeover) => void owned.push(takeover.committed))
    successor.peer.close()
    expect(await successor.readying).toEqual({ predecessor: 'gone' })
    expect(owned).toEqual([true])
    successor.takeover.close()
  })

  test('that throws where the predecessor has ended leaves the error to its caller', async () => {
    using successor = await ready(() => fail('no port is free'))
    successor.peer.close()
    await expect(successor.readying).rejects.toThrow('no port is free')
    expect(successor.takeover.committed).toBe(true)
  })
})

describe('a successor that has reported that it serves', () => {
  test('steps back if the predecessor keeps serving', async () => {
    using successor = await reported()
    await successor.peer.send(refusal)
    await expect(successor.readying).rejects.toMatchObject({ code: 'ERR_REFUSED', message: /not now/ })
    expect(successor.takeover.committed).toBe(false)
  })

  test('reads what the predecessor said before it ended', async () => {
    using successor = await reported()
    await successor.peer.send(refusal)
    successor.peer.close()
    await expect(successor.readying).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  })

  test.each<[string, (peer: UnixSocket) => unknown, string]>([
    ['ends', (peer) => peer.close(), 'gone'],
    ['says something else', (peer) => peer.send(Buffer.alloc(64, 0xa5)), 'draining'],
  ])('keeps serving if the predecessor %s', async (_, act, predecessor) => {
    using successor = await reported()
    await act(successor.peer)
    expect(await successor.readying).toEqual({ predecessor })
    expect(successor.takeover.committed).toBe(true)
    successor.takeover.close()
  })

  test('cannot refuse any more', async () => {
    using successor = await reported()
    successor.takeover.refuse('stopped')
    await successor.peer.send(message('released'))
    expect(await successor.readying).toEqual({ predecessor: 'draining' })
    successor.takeover.close()
  })

  test('and is given up at the same moment, learns it, and one of the two serves', async () => {
    using ends = besidePeer()
    const giving = giveHandover(ends.channel, nothing, { readyTimeoutMs: 50 })
    await ends.peer.send(message('hello', { protocol: 1, pid: 42, accepts: {} }))
    expect(await heard(ends.peer)).toEqual(['manifest'])
    await ends.peer.send(message('ready'))
    expect(await heard(ends.peer)).toEqual(['commit'])
    expect(await giving).toMatchObject({ type: 'failed', failure: { type: 'not-ready' } })
    await ends.peer.send(message('serving')).catch(() => {})
    expect(await heard(ends.peer)).toEqual(['refused'])
  })
})

function fail(message: string): never {
  throw new Error(message)
}
