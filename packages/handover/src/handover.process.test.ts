import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { listenTcp, localAddress, type OwnedFd, pipe } from '@shellflip/fd-passing'
import { defineState } from '@shellflip/state-serialization'
import { openFds, processState, type TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { giveHandover } from './give-handover.ts'
import { HandoverChannel } from './handover-channel.ts'
import { takeOver } from './take-over.ts'
import { fdCensus } from './testing/connected.ts'
import { program } from './testing/program.ts'

const Block = defineState({ name: 'block', version: 1, schema: z.instanceof(Buffer) })

/** A program at the other end of a channel, which is closed with the scope. */
function peer(code: string, options: { descriptorLimit?: number } = {}) {
  const { channel, remote } = HandoverChannel.pair()
  const other = program(code, { extraFds: [remote.fd], ...options })
  remote.close()
  return {
    channel,
    other,
    async [Symbol.asyncDispose]() {
      channel.close()
      await other[Symbol.asyncDispose]()
    },
  }
}

/** Who answers at this port. */
async function askedAt(port: number): Promise<string> {
  const client = connect({ port, host: '127.0.0.1' })
  const [data] = await once(client, 'data')
  client.destroy()
  return String(data)
}

function portOf(fd: OwnedFd): number {
  return (localAddress(fd.fd) as { port: number }).port
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const successor = `
  const takeover = await takeOver(channel, { states: [Block] })
  const { createHash } = await import('node:crypto')
  const block = await takeover.state(Block)
  console.log('digest ' + createHash('sha256').update(block).digest('hex'))
  const server = createServer((socket) => socket.end('pid ' + process.pid))
  await serverFrom(takeover.socket('http'), server)
  console.log('ready: ' + (await takeover.ready()).predecessor)
  takeover.predecessorGone.then(() => console.log('alone'))
`

const reportedDigest = async (other: TestProcess) =>
  (await other.printed(/digest (\w+)/, { deadlineMs: 20_000 }))[1]

describe('between processes', () => {
  test('a successor answers on the socket that its predecessor closes, with its state', async () => {
    const census = fdCensus()
    {
      using http = listenTcp({ host: '127.0.0.1', port: 0 })
      const port = portOf(http)
      const value = randomBytes(1024 * 1024)
      await using ends = peer(successor)
      const sockets = [{ name: 'http', fd: http }]
      const outcome = await giveHandover(ends.channel, {
        version: '1',
        sockets,
        state: { definition: Block, value },
      })
      expect(outcome).toMatchObject({ type: 'committed', successor: { pid: ends.other.pid } })
      expect(await reportedDigest(ends.other)).toBe(digest(value))
      http.close()
      await ends.other.printed(/ready: draining/)
      for (let n = 0; n < 20; n++) expect(await askedAt(port)).toBe(`pid ${ends.other.pid}`)
      ends.channel.close()
      await ends.other.printed(/alone/)
    }
    await census.isBalanced()
  })

  test('a successor killed amid 64 MiB of state is a quick failure, and the next one gets the same bytes', async () => {
    const census = fdCensus()
    {
      using http = listenTcp({ host: '127.0.0.1', port: 0 })
      const value = randomBytes(64 * 1024 * 1024)
      const offer = {
        version: '1',
        sockets: [{ name: 'http', fd: http }],
        state: { definition: Block, value },
      }
      {
        await using ends = peer(`
          let messages = 0
          await channel.send('hello', Buffer.from(JSON.stringify({ protocol: 1, pid: process.pid, accepts: { block: 1 } })))
          while (messages++ < 5) await channel.receive()
          console.log('amid')
          stay()
        `)
        const giving = giveHandover(ends.channel, offer)
        await ends.other.printed(/amid/)
        const killed = performance.now()
        ends.other.kill('SIGKILL')
        expect(await giving).toMatchObject({ type: 'failed', failure: { type: 'gone' } })
        expect(performance.now() - killed).toBeLessThan(2_000)
      }
      await using ends = peer(successor)
      expect(await giveHandover(ends.channel, offer)).toMatchObject({ type: 'committed' })
      expect(await reportedDigest(ends.other)).toBe(digest(value))
    }
    await census.isBalanced()
  })

  test('a successor with too few free descriptors says so, and owns none of them', async () => {
    const census = fdCensus()
    {
      const { reader, writer } = pipe()
      const sockets = Array.from({ length: 200 }, () => ({ name: 'pipe', fd: reader.dup() }))
      await using ends = peer(
        "await takeOver(channel).catch((error) => console.log('refused: ' + error.code))",
        {
          descriptorLimit: 100,
        },
      )
      expect(await giveHandover(ends.channel, { version: '1', sockets })).toMatchObject({
        type: 'failed',
        failure: { type: 'refused', reason: expect.stringContaining('too few free descriptors') },
      })
      await ends.other.printed(/refused: ERR_HANDOVER_FD_LOST/)
      // With the refusal said, nothing is left that would keep it.
      expect(await ends.other.exit).toEqual({ code: 0, signal: null })
      for (const fd of [reader, writer, ...sockets.map(({ fd }) => fd)]) fd.close()
    }
    await census.isBalanced()
  })

  test('a successor that dies while it begins to serve leaves the service to its predecessor', async () => {
    const census = fdCensus()
    {
      using http = listenTcp({ host: '127.0.0.1', port: 0 })
      await using ends = peer(`
        const takeover = await takeOver(channel, { states: [Block] })
        await takeover.ready(() => process.kill(process.pid, 'SIGKILL'))
      `)
      const offer = { version: '1', sockets: [{ name: 'http', fd: http }] }
      expect(await giveHandover(ends.channel, offer)).toMatchObject({
        type: 'failed',
        failure: { type: 'gone' },
      })
    }
    await census.isBalanced()
  })

  const predecessor = `
    const http = listenTcp({ host: '127.0.0.1', port: 0 })
    const giving = giveHandover(channel, {
      version: '1',
      sockets: [{ name: 'http', fd: http }],
      state: { definition: Block, value: Buffer.alloc(Number(process.env.STATE_BYTES ?? 100), 7) },
    }, { readyTimeoutMs: Number(process.env.READY_TIMEOUT_MS ?? 60_000) })
    console.log((await giving).type)
    stay()
  `

  test('a predecessor killed when all was handed over leaves the successor as the only owner', async () => {
    await using ends = peer(predecessor)
    using takeover = await takeOver(ends.channel, { states: [Block] })
    expect(await takeover.state(Block)).toEqual(Buffer.alloc(100, 7))
    ends.other.kill('SIGKILL')
    await ends.other.exit
    using http = takeover.socket('http') as OwnedFd
    expect(portOf(http)).toBeGreaterThan(0)
    expect(await takeover.ready()).toEqual({ predecessor: 'gone' })
    await takeover.predecessorGone
  })

  test.runIf(process.platform === 'linux')(
    'a predecessor that is stopped for longer than the ready timeout commits when it runs again',
    async () => {
      await using ends = peer(`process.env.READY_TIMEOUT_MS = '1500'; ${predecessor}`)
      using takeover = await takeOver(ends.channel, { states: [Block] })
      await takeover.state(Block)
      ends.other.kill('SIGSTOP')
      await waitFor(() => processState(ends.other.pid) === 'T', { what: 'the predecessor to stop' })
      const stoppedAt = performance.now()
      const readying = takeover.ready()
      await waitFor(() => performance.now() > stoppedAt + 3_000)
      expect(takeover.committed).toBe(false)
      ends.other.kill('SIGCONT')
      expect(await readying).toEqual({ predecessor: 'draining' })
      await ends.other.printed(/committed/)
    },
  )

  test('a predecessor killed amid the state leaves nothing to own', async () => {
    const census = fdCensus()
    {
      await using ends = peer(`process.env.STATE_BYTES = String(64 * 1024 * 1024); ${predecessor}`)
      using takeover = await takeOver(ends.channel, { states: [Block] })
      ends.other.kill('SIGKILL')
      await ends.other.exit
      await expect(takeover.state(Block)).rejects.toMatchObject({ code: 'ERR_PREDECESSOR_GONE' })
      expect(takeover.socket('http')).toBeUndefined()
    }
    await census.isBalanced()
  })

  test('a predecessor that drains after the commit is seen to end by its death alone', async () => {
    await using ends = peer(predecessor)
    using takeover = await takeOver(ends.channel, { states: [Block] })
    await takeover.state(Block)
    expect(await takeover.ready()).toEqual({ predecessor: 'draining' })
    await ends.other.printed(/committed/)
    ends.other.kill('SIGKILL')
    await takeover.predecessorGone
  })
})

test.runIf(process.platform === 'linux')(
  'a child of the successor does not inherit the channel',
  async () => {
    const { channel, remote } = HandoverChannel.pair()
    using _ = channel
    await using other = program(
      `
      const { spawnSync } = await import('node:child_process')
      console.log('child has ' + spawnSync('ls', ['-l', '/proc/self/fd']).stdout.toString().replaceAll('\\n', ' '))
      stay()
    `,
      { extraFds: [remote.fd] },
    )
    const socket = openFds().get(remote.fd)
    remote.close()
    const [, fds] = await other.printed(/child has (.*)/)
    expect([...openFds(other.pid).values()]).toContain(socket)
    expect(fds).not.toContain(socket)
  },
)
