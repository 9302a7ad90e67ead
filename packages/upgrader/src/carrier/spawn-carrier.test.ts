import { spawnSync } from 'node:child_process'
import { dup, UnixSocket } from '@shellflip/fd-passing'
import { HandoverChannel } from '@shellflip/handover'
import {
  LauncherError,
  type PassedFd,
  type ProcessExit,
  type StartSuccessor,
  type SuccessorProcess,
  starterGone,
} from '@shellflip/launcher'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CarryOptions } from './carrier.ts'
import { NodeHandover } from './node-handover.ts'
import { SpawnCarrier } from './spawn-carrier.ts'

/** An upgrade whose successor is started when `start` is called, and not before. */
function standstill(limits: Partial<CarryOptions> = {}) {
  let start!: (successor: SuccessorProcess) => void
  const started = new Promise<SuccessorProcess>((resolve) => {
    start = resolve
  })
  return { start, outcome: new SpawnCarrier({ startSuccessor: () => started }).carry(optionsWith(limits)) }
}

function optionsWith(limits: Partial<CarryOptions> = {}): CarryOptions {
  return {
    launch: () => ({ file: 'node', args: [], cwd: '/', env: new Map() }),
    offer: { version: '1', sockets: [] },
    readyTimeoutMs: 60_000,
    signal: new AbortController().signal,
    atOnce: new AbortController().signal,
    onStarted: () => {},
    ...limits,
  }
}

/** The channel, which is all that a successor of this library inherits. */
function channelOf([channel]: readonly PassedFd[]): PassedFd {
  if (channel === undefined) throw new Error('nothing is passed')
  return channel
}

/** One that nobody wants any more. */
function unwanted() {
  const exit = { code: null, signal: 'SIGKILL' } as const
  const kills: number[] = []
  const successor: SuccessorProcess = {
    pid: 4711,
    exited: new Promise(() => {}),
    kill: async () => {
      kills.push(4711)
      return exit
    },
    leave: () => {},
    unref: () => {},
  }
  return { successor, kills }
}

test('who cannot start a successor in time has failed, and what is started all the same is killed', async () => {
  const { start, outcome } = standstill({ readyTimeoutMs: 20 })
  expect(await outcome).toEqual({ type: 'failed', failure: { type: 'not-ready', timeoutMs: 20 } })
  const { successor, kills } = unwanted()
  start(successor)
  await waitFor(() => kills.length === 1)
})

test('if the starter of successors is gone, the next one starts it, with a channel of its own', async () => {
  const channels: number[] = []
  const failing: StartSuccessor = async (_, passed) => {
    const { fd } = channelOf(passed)
    channels.push(fd.fd)
    expect(() => HandoverChannel.adopt(fd.dup()).close()).not.toThrow()
    const code = channels.length === 1 ? starterGone : 'ENOENT'
    throw Object.assign(new Error('it is gone'), { code })
  }
  const outcome = await new SpawnCarrier({ startSuccessor: failing }).carry(optionsWith())
  expect(outcome).toMatchObject({ type: 'failed', failure: { type: 'cannot-start', code: 'ENOENT' } })
  expect(channels).toHaveLength(2)
})

test('a stop does not wait until a successor is started', async () => {
  const stop = new AbortController()
  const { start, outcome } = standstill({ signal: stop.signal })
  stop.abort()
  expect(await outcome).toEqual({ type: 'failed', failure: { type: 'aborted' } })
  const { successor, kills } = unwanted()
  start(successor)
  await waitFor(() => kills.length === 1)
})

test('nor for the exit status of one whose channel was closed', async () => {
  const stop = new AbortController()
  const { successor, kills } = unwanted()
  let looks = 0
  const awaited = {
    ...successor,
    get exited() {
      // The first look is for its death amid the handover, the last one for its own end.
      if (++looks === 2) queueMicrotask(() => stop.abort())
      return successor.exited
    },
  }
  const outcome = await new SpawnCarrier({ startSuccessor: async () => awaited }).carry(
    optionsWith({ signal: stop.signal }),
  )
  expect(outcome).toEqual({ type: 'failed', failure: { type: 'aborted' } })
  expect(looks).toBe(2)
  expect(kills).toEqual([4711])
})

test('nor for ever for one that the system does not let us kill', async () => {
  const refusing = { ...unwanted().successor, kill: () => new Promise<ProcessExit>(() => {}) }
  const failure = { type: 'exited', code: null, signal: null }
  expect(await new SpawnCarrier({ startSuccessor: async () => refusing }).carry(optionsWith())).toEqual({
    type: 'failed',
    failure,
  })
}, 20_000)

test('a command that cannot be repeated is reported as one that cannot be started', async () => {
  const launch = () => {
    throw new LauncherError('ERR_NOT_REPEATABLE', 'it came from standard input')
  }
  const start: StartSuccessor = () => Promise.reject(new Error('nothing is started'))
  expect(await new SpawnCarrier({ startSuccessor: start }).carry(optionsWith({ launch }))).toEqual({
    type: 'failed',
    failure: { type: 'cannot-start', code: 'ERR_NOT_REPEATABLE', message: 'it came from standard input' },
  })
})

const hello = Buffer.from(JSON.stringify({ protocol: 1, pid: 4711, accepts: {} }))

/** Has a process say hello that is dead by then. @returns its pid */
async function helloOfTheDead(channel: number): Promise<number> {
  const [own, peer] = UnixSocket.pair('stream')
  using saying = HandoverChannel.adopt(dup(own.fd))
  await saying.send('hello', hello)
  const bytes = (await peer.receive())?.data ?? []
  own.close()
  peer.close()
  const octal = Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  const say = `printf '${octal}' >&3`
  return spawnSync('/bin/sh', ['-c', say], { stdio: ['ignore', 'ignore', 'ignore', channel] }).pid
}

afterEach(() => vi.useRealTimers())

describe('a stop that comes when the successor has the right to serve, and has not said that it does', () => {
  function exit() {
    let resolve!: (exit: ProcessExit) => void
    const promise = new Promise<ProcessExit>((onExit) => {
      resolve = onExit
    })
    return { promise, resolve }
  }

  /** Amid an upgrade, whose successor is at the other end of the channel, or killed. */
  async function committed(helloOf?: (channel: number) => Promise<number>) {
    const [stop, atOnce] = [new AbortController(), new AbortController()]
    let peer!: HandoverChannel
    let die!: () => void
    let handover!: NodeHandover
    const start: StartSuccessor = async (_, passed) => {
      const { fd: channel } = channelOf(passed)
      const pid = (await helloOf?.(channel.fd)) ?? process.pid
      peer = HandoverChannel.adopt(channel.dup())
      const { promise: exited, resolve } = exit()
      const kill = () => {
        peer.close()
        resolve({ code: null, signal: 'SIGKILL' })
        return exited
      }
      die = () => resolve({ code: null, signal: 'SIGKILL' })
      return { pid, exited, kill, leave: () => {}, unref: () => {} }
    }
    const carrier = new SpawnCarrier({
      startSuccessor: start,
      open: (offer) => {
        handover = NodeHandover.open(offer)
        return handover
      },
    })
    const outcome = carrier.carry(optionsWith({ signal: stop.signal, atOnce: atOnce.signal }))
    await waitFor(() => peer)
    if (helloOf === undefined) await peer.send('hello', hello)
    expect((await peer.receive())?.type).toBe('manifest')
    await peer.send('ready')
    expect((await peer.receive())?.type).toBe('commit')
    return { stop, atOnce, peer, die, outcome, handover }
  }

  test('waits for its answer: it is the one to be stopped', async () => {
    const { stop, peer, outcome, handover } = await committed()
    stop.abort()
    await peer.send('serving')
    expect(await outcome).toMatchObject({ type: 'committed', successor: { pid: process.pid } })
    handover.close()
    peer.close()
  })

  test('gives it some seconds, and no more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { stop, outcome } = await committed()
    stop.abort()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await outcome).toEqual({ type: 'failed', failure: { type: 'aborted' } })
  })

  test('does not wait if it is dead, whichever process holds its channel', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { die, outcome } = await committed(helloOfTheDead)
    die()
    await vi.advanceTimersByTimeAsync(5_000)
    const failure = { type: 'exited', code: null, signal: 'SIGKILL' }
    expect(await outcome).toEqual({ type: 'failed', failure })
  })

  test('kills it if it is the second one', async () => {
    const { stop, atOnce, outcome } = await committed()
    stop.abort()
    atOnce.abort()
    const failure = { type: 'exited', code: null, signal: 'SIGKILL' }
    expect(await outcome).toEqual({ type: 'failed', failure })
  })
})
