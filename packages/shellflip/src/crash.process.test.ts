import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { isAlive, processState, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import type { FlipPlan } from './testing/flip-plan.ts'
import { FlipSandbox } from './testing/flip-sandbox.ts'

type Flow = {
  service: FlipSandbox
  predecessor: number
  /** The answer to a request that the predecessor got while it drained. */
  slow?: Promise<'answered' | 'cut'>
  /** A request on a connection that nobody may accept before the commit, and who answered it; undefined if nobody did. */
  queued?: Promise<number | undefined>
}

/** The steps of an upgrade: each leads to where the flow stands still, and tells the successor that is there then. */
const steps = {
  'in the hook': async (flow: Flow) => {
    await stalled(flow, 'hook')
    return undefined
  },
  'spawned, before shellflip()': (flow: Flow) => stalled(flow, 'before-shellflip'),
  'amid the state': (flow: Flow) => stalled(flow, 'amid-state'),
  'between shellflip() and ready()': (flow: Flow) => stalled(flow, 'before-ready'),
  'ready, and the commit is not said': async (flow: Flow) => {
    const { service, predecessor } = flow
    const successor = await stalled(flow, 'before-ready')
    process.kill(predecessor, 'SIGSTOP')
    await waitFor(() => processState(predecessor) === 'T', { what: 'the predecessor to stop' })
    service.plan({ at: {} })
    flow.queued = (await queueRequest(service)).answeredBy
    await service.event({ type: 'said-ready', pid: successor })
    expect(service.events({ type: 'ready', pid: successor })).toEqual([])
    return successor
  },
  'committed, and the predecessor drains': async (flow: Flow) => {
    const { service, predecessor } = flow
    service.plan({ at: { slow: 'stall' } })
    flow.slow = service.request('/slow').then(
      () => 'answered',
      () => 'cut',
    )
    await service.event({ type: 'at', point: 'slow' })
    process.kill(predecessor, 'SIGUSR2')
    const { successor } = await service.event({ type: 'successor-started' })
    await service.event({ type: 'serving', pid: successor })
    return successor as number
  },
} as const

type Step = keyof typeof steps
type Who = 'predecessor' | 'successor'

/** Who is killed, in this order, since a successor would serve as soon as the other one is dead; and who serves in the end. */
const matrix: [Step, killed: Who[], serves: Who | 'next start'][] = [
  ['in the hook', ['predecessor'], 'next start'],
  ['spawned, before shellflip()', ['predecessor'], 'next start'],
  ['spawned, before shellflip()', ['successor'], 'predecessor'],
  ['spawned, before shellflip()', ['successor', 'predecessor'], 'next start'],
  ['amid the state', ['predecessor'], 'next start'],
  ['amid the state', ['successor'], 'predecessor'],
  ['amid the state', ['successor', 'predecessor'], 'next start'],
  ['between shellflip() and ready()', ['predecessor'], 'successor'],
  ['between shellflip() and ready()', ['successor'], 'predecessor'],
  ['between shellflip() and ready()', ['successor', 'predecessor'], 'next start'],
  ['ready, and the commit is not said', ['predecessor'], 'successor'],
  ['ready, and the commit is not said', ['successor'], 'predecessor'],
  ['ready, and the commit is not said', ['successor', 'predecessor'], 'next start'],
  ['committed, and the predecessor drains', ['predecessor'], 'successor'],
  ['committed, and the predecessor drains', ['successor'], 'next start'],
  ['committed, and the predecessor drains', ['successor', 'predecessor'], 'next start'],
]

const planned: FlipPlan = { state: { form: 'blocks', count: 64 }, tellsSaidReady: true }

describe
  .runIf(process.platform === 'linux')
  .concurrent('killed amid an upgrade', { timeout: 120_000 }, () => {
    test.each(matrix)('%s: the %j; then the %s serves', async (step, killed, serves) => {
      await using service = await FlipSandbox.serving(planned)
      const [predecessor] = service.pids() as [number]
      const before = service.fds(predecessor)

      const flow: Flow = { service, predecessor }
      const successor = await steps[step](flow)
      const pids = { predecessor, successor }
      await kill(...killed.map((who) => pids[who] as number))
      if (!killed.includes('predecessor')) process.kill(predecessor, 'SIGCONT')

      // All may go on, but a predecessor that drains does so until somebody serves.
      service.plan({ at: { slow: 'stall' } })
      const survivor = serves === 'next start' ? await service.startServing() : (pids[serves] as number)
      await service.event({ type: 'serving', pid: survivor })
      if (serves === 'predecessor') await service.event({ type: 'upgrade-over', pid: predecessor })
      service.plan({ at: {} })
      await expectSoleOwner(service, survivor)
      expect(await flow.slow).toBe(flow.slow && (killed.includes('predecessor') ? 'cut' : 'answered'))
      expect(await flow.queued).toBe(flow.queued && killed.length === 1 ? survivor : undefined)
      // All that run one program hold the same, however they have come to serve.
      await service.holds(survivor, before)

      const next = await service.upgraded()
      await expectSoleOwner(service, next)
      await service.holds(next, before)
    })
  })

/** The point is reached in an upgrade; by its successor, whose pid is returned, or by the predecessor itself. */
async function stalled({ service, predecessor }: Flow, point: keyof NonNullable<FlipPlan['at']>) {
  service.plan({ at: { [point]: 'stall' } })
  process.kill(predecessor, 'SIGUSR2')
  return (await service.event({ type: 'at', point })).pid
}

/** Resolves when the kernel has closed all that they had: a parent, which may stand still, need not know. */
async function kill(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await waitFor(() => !pids.some(isAlive), { what: `the end of ${pids}` })
}

/** Resolves when the connection is in the kernel's queue. */
async function queueRequest(service: FlipSandbox): Promise<{ answeredBy: Promise<number | undefined> }> {
  const client = connect(service.port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: service\r\n\r\n')
  await once(client, 'connect')
  const answeredBy = text(client).then(
    (answer) => Number(/"pid":(\d+)/.exec(answer)?.[1]),
    () => undefined,
  )
  return { answeredBy }
}

async function expectSoleOwner(service: FlipSandbox, pid: number): Promise<void> {
  await service.onlyLives(pid)
  expect(service.isLockFree()).toBe(true)
  expect(service.owners()).toEqual({ port: [pid], path: [pid], control: [pid] })
  expect(await service.request()).toMatchObject({ pid })
  expect(await service.requestByPath()).toMatchObject({ pid })
  expect(existsSync(`${service.controlSocket}.lock`)).toBe(false)
}
