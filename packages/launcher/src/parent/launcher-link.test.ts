import { setImmediate as turn } from 'node:timers/promises'
import { pipe, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { openFds, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { LauncherLink } from './launcher-link.ts'

/** The launcher's end, beside one that says what it likes. */
function launcherBeside() {
  const { link, remote } = LauncherLink.pair()
  return scope(link, UnixSocket.adopt(remote))
}

/** A generation's end, beside the same. */
function generationBeside() {
  const [own, remote] = socketpair('stream')
  return scope(LauncherLink.adopt(own.release()), UnixSocket.adopt(remote))
}

function scope<L extends LauncherLink<never, unknown>>(link: L, peer: UnixSocket) {
  return {
    link,
    peer,
    [Symbol.dispose]: () => {
      link.close()
      peer.close()
    },
  }
}

/** Whether the peer sees that the link has ended. */
const ended = (peer: UnixSocket) =>
  peer.receive().then(
    (arrival) => arrival === null,
    () => true,
  )

describe('what another version says', () => {
  test('of a type that is not known, with descriptors too, is skipped', async () => {
    const before = openFds().size
    {
      using ends = launcherBeside()
      const { reader, writer } = pipe()
      await ends.peer.send('{"type":"pause","for":3}\n{"type":"more"}\n', { fds: [reader, writer] })
      await ends.peer.send('{"type":"serves"}\n')
      expect(await ends.link.hear()).toMatchObject({ message: { type: 'serves' }, fds: [] })
      reader.close()
      writer.close()
    }
    await waitFor(() => openFds().size === before, { what: 'as many descriptors as before' })
  })

  test('beside what is known is left out', async () => {
    using ends = generationBeside()
    await ends.peer.send(
      '{"type":"started","pid":42,"cgroup":"/x"}\n{"type":"exited","exit":{"code":3,"signal":null}}\n',
    )
    expect((await ends.link.hear())?.message).toEqual({ type: 'started', pid: 42 })
    expect((await ends.link.hear())?.message).toEqual({ type: 'exited', exit: { code: 3, signal: null } })
  })
})

describe('what no version says ends the link', () => {
  test.each([
    ['no JSON', 'start\n'],
    ['no object', '17\n'],
    ['nothing', 'null\n'],
    ['bytes that are no text', Buffer.from('a5a50a', 'hex')],
    ['a line without an end', 'x'.repeat(200_000)],
  ])('to the launcher: %s', async (_, bytes) => {
    using ends = launcherBeside()
    const sending = ends.peer.send(bytes).catch(() => {})
    expect(await ends.link.hear()).toBeNull()
    await sending
    expect(await ended(ends.peer)).toBe(true)
    expect(await ends.link.hear()).toBeNull()
    expect(await ends.link.say({ type: 'started', pid: 42 } as never)).toBe(false)
  })

  test.each([
    ['a successor without a pid', { type: 'started' }],
    ['pid -1, which is everybody', { type: 'started', pid: -1 }],
    ['pid 1, whose group is everybody', { type: 'started', pid: 1 }],
    ['pid 0, whose group is ours', { type: 'started', pid: 0 }],
    ['an end without a status', { type: 'exited' }],
    ['an end with neither code nor signal', { type: 'exited', exit: { code: null, signal: null } }],
  ])('to a generation: %s', async (_, message) => {
    using ends = generationBeside()
    await ends.peer.send(`${JSON.stringify(message)}\n`)
    expect(await ends.link.hear()).toBeNull()
    expect(await ended(ends.peer)).toBe(true)
  })
})

test('descriptors are of the message that they were sent with, whatever was said before', async () => {
  using ends = launcherBeside()
  const { reader, writer } = pipe()
  await ends.peer.send('{"type":"kill"}\n')
  await ends.peer.send('{"type":"start"}\n', { fds: [reader] })
  expect(await ends.link.hear()).toMatchObject({ message: { type: 'kill' }, fds: [] })
  const heard = await ends.link.hear()
  expect(heard?.message).toEqual({ type: 'start' })
  expect(heard?.fds).toHaveLength(1)
  for (const fd of [...(heard?.fds ?? []), reader, writer]) fd.close()
})

test('text arrives as it was said, however it is cut', async () => {
  using ends = generationBeside()
  const message = { type: 'cannot-start', code: 'ENOENT', message: 'spawn /srv/größe ENOENT' }
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  const cut = bytes.indexOf('ö') + 1
  const hearing = ends.link.hear()
  await ends.peer.send(bytes.subarray(0, cut))
  for (let turns = 0; turns < 3; turns++) await turn()
  await ends.peer.send(bytes.subarray(cut))
  expect((await hearing)?.message).toEqual(message)
})

test('two waiting calls get two messages that come at the same time, in order', async () => {
  using ends = generationBeside()
  const hearing = [ends.link.hear(), ends.link.hear()]
  await ends.peer.send('{"type":"started","pid":42}\n{"type":"exited","exit":{"code":3,"signal":null}}\n')
  const heard = await Promise.all(hearing)
  expect(heard.map((one) => one?.message.type)).toEqual(['started', 'exited'])
})

test.runIf(process.platform === 'linux')('the launcher knows by the kernel who says something', async () => {
  using ends = launcherBeside()
  await ends.peer.send('{"type":"hello","pid":1}\n')
  expect(await ends.link.hear()).toEqual({ message: { type: 'hello' }, fds: [], sender: process.pid })
})
