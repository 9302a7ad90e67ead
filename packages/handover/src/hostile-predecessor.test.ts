import { listenTcp, type OwnedFd, pipe, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { defineState, toBuffer } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeFrame } from './frame.ts'
import { HandoverChannel } from './handover-channel.ts'
import { takeOver } from './take-over.ts'
import type { Takeover } from './takeover.ts'
import { besidePeer, fdCensus, message } from './testing/connected.ts'

const Count = defineState({ name: 'count', version: 1, schema: z.int() })
const state = await toBuffer(Count.encode(7))
const manifest = {
  predecessor: { pid: 42, version: '1' },
  sockets: [{ name: 'http', address: null }],
  lock: true,
  state: { name: 'count', version: 1 },
}
const stateFrame = (payload: Buffer) => encodeFrame({ type: 'state', payload, fdCount: 0 })
const garbage = Buffer.alloc(64, 0xa5)

type Script = (peer: UnixSocket, fds: OwnedFd[]) => Promise<unknown>

/** Takes over from a predecessor that follows the script, and returns the result. */
async function taken(
  script: Script,
  then: (takeover: Takeover) => Promise<unknown> = async (takeover) => {
    await takeover.state(Count)
    return takeover.ready()
  },
): Promise<unknown> {
  const census = fdCensus()
  let outcome: unknown
  {
    using ends = besidePeer()
    using listener = listenTcp({ host: '127.0.0.1', port: 0 })
    using lock = listenTcp({ host: '127.0.0.1', port: 0 })
    const outcomes = takeOver(ends.channel, { states: [Count], timeoutMs: 200 }).then(async (takeover) => {
      using _ = takeover
      return await then(takeover)
    })
    outcomes.catch(() => {})
    await script(ends.peer, [listener, lock])
    outcome = await outcomes.catch((error: { code?: string }) => error.code ?? error)
  }
  await census.isBalanced()
  return outcome
}

const give: Script = (peer, fds) => peer.send(message('manifest', manifest, 2), { fds })
const giveAll: Script = async (peer, fds) => {
  await give(peer, fds)
  await peer.send(stateFrame(state))
  await peer.send(message('stateEnd'))
}
const after =
  (first: Script, next: Buffer | 'close'): Script =>
  async (peer, fds) => {
    await first(peer, fds)
    if (next === 'close') peer.close()
    else await peer.send(next)
  }
const nothing: Script = async () => {}

describe('a predecessor that ends', () => {
  test.each<[string, Script]>([
    ['at once', after(nothing, 'close')],
    [
      'amid the manifest',
      after((peer, fds) => peer.send(message('manifest', manifest, 2).subarray(0, 9), { fds }), 'close'),
    ],
    ['before the state', after(give, 'close')],
    ['amid the state', after(after(give, stateFrame(state.subarray(0, 20))), 'close')],
    ['amid a piece of the state', after(after(give, stateFrame(state).subarray(0, 20)), 'close')],
    ['before the end of the state', after(after(give, stateFrame(state)), 'close')],
  ])('%s', async (_, script) => {
    expect(await taken(script)).toBe('ERR_PREDECESSOR_GONE')
  })

  test('when all was handed over leaves the successor alone, which continues', async () => {
    expect(await taken(after(giveAll, 'close'))).toEqual({ predecessor: 'gone' })
    const told = taken(after(giveAll, 'close'), async (takeover) => {
      await takeover.state(Count)
      await takeover.ready()
      await takeover.predecessorGone
      return 'told'
    })
    expect(await told).toBe('told')
  })
})

describe('a predecessor that is silent', () => {
  test.each<[string, Script]>([
    ['from the beginning', nothing],
    ['amid the manifest', (peer) => peer.send(message('manifest', manifest, 2).subarray(0, 9))],
    ['before the state', give],
    ['amid the state', after(give, stateFrame(state.subarray(0, 20)))],
  ])('%s', async (_, script) => {
    expect(await taken(script)).toBe('ERR_PREDECESSOR_SILENT')
  })
})

describe('a predecessor that refuses', () => {
  const refusal = encodeFrame({ type: 'refused', payload: Buffer.from('not now'), fdCount: 0 })
  test.each<[string, Script]>([
    ['at once', after(nothing, refusal)],
    ['instead of the state', after(give, refusal)],
    ['amid the state', after(after(give, stateFrame(state.subarray(0, 20))), refusal)],
    ['instead of committing', after(giveAll, refusal)],
    ['instead of committing, and ends', after(after(giveAll, refusal), 'close')],
  ])('%s', async (_, script) => {
    expect(await taken(script)).toBe('ERR_REFUSED')
  })
})

describe('a predecessor that sends garbage', () => {
  test.each<[string, Script]>([
    ['instead of the manifest', after(nothing, garbage)],
    ['as the manifest', after(nothing, message('manifest', { ...manifest, lock: 'yes' }))],
    ['the commit at once', after(nothing, message('commit'))],
    [
      'fewer descriptors than it announces',
      (peer, fds) => peer.send(message('manifest', manifest, 2), { fds: fds.slice(1) }),
    ],
    [
      'fewer descriptors than it announces, but as many as it names',
      (peer, fds) => peer.send(message('manifest', { ...manifest, lock: false }, 2), { fds: fds.slice(1) }),
    ],
    [
      'more descriptors than the manifest names',
      (peer, fds) => peer.send(message('manifest', { ...manifest, lock: false }, 2), { fds }),
    ],
    [
      'more descriptors than it announces',
      (peer, fds) => peer.send(message('manifest', manifest, 1), { fds }),
    ],
    ['instead of the state', after(give, garbage)],
    ['the commit before it may', after(give, message('commit'))],
    ['instead of committing', after(giveAll, garbage)],
    ['a second manifest', after(give, message('manifest', manifest))],
  ])('%s', async (_, script) => {
    expect(await taken(script)).toBe('ERR_PROTOCOL')
  })

  test.each<[string, Buffer]>([
    ['that is none', garbage],
    ['that is damaged', Buffer.concat([state.subarray(0, -1), Buffer.from([(state.at(-1) as number) ^ 1])])],
    ['that continues after its end', Buffer.concat([state, garbage])],
    ['that is cut off', state.subarray(0, -1)],
  ])('as a state %s', async (_, bytes) => {
    expect(await taken(after(after(give, stateFrame(bytes)), message('stateEnd')))).toBe('ERR_STATE')
  })
})

describe('no channel', () => {
  const refused = expect.objectContaining({ code: 'ERR_NOT_A_CHANNEL' })

  test("is a descriptor of something else, which stays its owner's", () => {
    const { reader, writer } = pipe()
    using tcp = listenTcp({ host: '127.0.0.1', port: 0 })
    const [datagram, other] = socketpair('datagram')
    for (const fd of [reader, writer, tcp, datagram, other]) {
      expect(() => HandoverChannel.adopt(fd)).toThrow(refused)
      expect(() => HandoverChannel.adopt(fd.fd)).toThrow(refused)
      expect(fd.closed).toBe(false)
      fd.close()
    }
  })

  test('is a number that is not open', () => {
    expect(() => HandoverChannel.adopt(987_654)).toThrow(refused)
  })
})

test('a takeover that is left without a word is noticed by its predecessor', async () => {
  const { channel, remote } = HandoverChannel.pair()
  using peer = UnixSocket.adopt(remote)
  const leaving = takeOver(channel).then((takeover) => takeover.close())
  await peer.send(message('manifest', { ...manifest, sockets: [], lock: false, state: null }))
  await leaving
  for await (const _ of peer);
  expect(channel.closed).toBe(true)
})
