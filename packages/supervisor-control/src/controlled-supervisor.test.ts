import { FakeSystem } from '@shellflip/generation/testing'
import { RollingSupervisor } from '@shellflip/rolling-supervisor'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { askSupervisor } from './ask-supervisor.ts'
import { ControlledSupervisor, type ControlledSupervisorOptions } from './controlled-supervisor.ts'
import type { StopEvent } from './events.ts'
import type { ControlReply, ControlRequest } from './protocol.ts'
import { SupervisorPlaces } from './supervisor-places.ts'

/** A supervisor of processes in memory that answers at a real control socket. */
async function controlled() {
  const folder = temporaryFolder()
  const system = new FakeSystem()
  const events: StopEvent[] = []
  const supervisor = new RollingSupervisor(
    { command: () => ({ file: 'serve', args: [], env: {} }), notifyDirectory: '/run' },
    system,
  )
  const service = new ControlledSupervisor({
    name: 'web',
    version: '1.2.3',
    command: ['serve'],
    onEvent: (event) => events.push(event),
  })
  const controlSocket = folder.join('run', 'control.sock')
  const place = await new SupervisorPlaces('app').claim(service, { controlSocket })
  const pidOf = (id: number) => system.processes[id - 1]?.pid as number
  return {
    service,
    system,
    events,
    start: () => service.start(supervisor),
    ready: (id: number) => system.notify(pidOf(id), { ready: true }),
    exit: (id: number) => system.exit(pidOf(id), { code: 0, signal: null }),
    ask: (request: ControlRequest) => askSupervisor(controlSocket, request),
    async [Symbol.asyncDispose]() {
      await place?.close()
      folder[Symbol.dispose]()
    },
  }
}

async function next(replies: AsyncGenerator<ControlReply>): Promise<ControlReply | undefined> {
  const { value } = await replies.next()
  return value ?? undefined
}

describe('a roll that is requested before the supervisor exists', () => {
  it('waits for it, and follows its first start', async () => {
    await using web = await controlled()
    const replies = web.ask({ type: 'roll' })
    const first = next(replies)
    expect(await next(web.ask({ type: 'status' }))).toMatchObject({
      status: { name: 'web', version: '1.2.3', command: ['serve'], state: 'starting', generations: [] },
    })
    web.start()
    expect(await first).toEqual({ type: 'roll-queued' })
    web.ready(1)
    expect(await next(replies)).toMatchObject({ type: 'roll-started', generation: 2 })
    web.ready(2)
    expect(await next(replies)).toMatchObject({ outcome: { type: 'rolled', generation: 2 } })
    expect(await next(replies)).toBeUndefined()
  })
})

describe('a stop', () => {
  it('is known before the supervisor exists', async () => {
    await using web = await controlled()
    expect(await next(web.ask({ type: 'stop' }))).toMatchObject({ type: 'stopping', pid: process.pid })
    expect(web.service.stopping.aborted).toBe(true)
    expect(web.service.hurrying.aborted).toBe(false)
    expect(web.service.status().state).toBe('stopping')
    expect(web.events).toEqual([{ type: 'stop-requested', verdict: 'drain', cause: 'request' }])
  })

  it('that is requested twice is one stop, and a request to stop now cuts it', async () => {
    await using web = await controlled()
    web.start()
    web.ready(1)
    const replies = web.ask({ type: 'stop' })
    expect(await next(replies)).toMatchObject({ generations: [1] })
    expect(await next(web.ask({ type: 'stop' }))).toMatchObject({ generations: [1] })
    expect(web.system.processes[0]?.signals).toEqual(['SIGTERM', 'SIGCONT'])
    expect(await next(web.ask({ type: 'stop', now: true }))).toMatchObject({ generations: [1] })
    expect(web.system.processes[0]?.signals).toContain('SIGKILL')
    expect(web.service.hurrying.aborted).toBe(true)
    expect(web.events.map(({ verdict }) => verdict)).toEqual(['drain', 'same', 'cut'])
  })
})

it.each([
  [{ name: 'web', version: '1' }, 'needs the option "command"'],
  [{ name: 'web', version: '1', command: 'app' }, 'command must be a list of strings, not "app"'],
  [{ name: 'web', version: '1', command: [], onEvents: () => {} }, 'Did you mean "onEvent"?'],
])('the options %j are refused', (options, why) => {
  expect(() => new ControlledSupervisor(options as unknown as ControlledSupervisorOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(why) }),
  )
})
