import { setTimeout as delay } from 'node:timers/promises'
import type { RollingSupervisor, SupervisorEvent } from '@shellflip/rolling-supervisor'
import type { ControlReply, ControlRequest } from './protocol.ts'
import type { Status } from './status.ts'
import { reportOutcome } from './status-report.ts'

/** The parts of a supervisor that the control socket may use. */
export type Supervised = {
  /** Resolves once the supervisor exists. Orphans of a previous one may have to end first. */
  started: Promise<RollingSupervisor>
  status(): Status
  /** Stops it with a drain, or at once. */
  stop(cause: 'request' | 'request-now'): void
}

/** A generation may send a new STATUS thousands of times a second. A watching client gets one update in this time, in milliseconds. */
const WATCH_INTERVAL_MS = 50

export function answer(
  request: ControlRequest,
  supervised: Supervised,
  signal: AbortSignal,
): AsyncIterable<ControlReply> {
  switch (request.type) {
    case 'roll':
      return roll(supervised, signal)
    case 'status':
      return request.watch ? watch(supervised, signal) : present(supervised)
    case 'stop':
      return stop(supervised, request.now === true, signal)
  }
}

async function* roll({ started }: Supervised, signal: AbortSignal): AsyncGenerator<ControlReply> {
  const supervisor = await unlessAborted(started, signal)
  if (supervisor === undefined) return
  const replies: ControlReply[] = []
  using changes = new Changes(supervisor, signal)
  // The first roll that begins after the request answers it.
  let begun: (SupervisorEvent & { type: 'roll-started' }) | undefined
  changes.onEvent = (event) => {
    if (event.type === 'roll-started') begun ??= event
    if (event.type === 'generation-started' && event.generation === begun?.generation) {
      const { generation, pid } = event
      replies.push({ type: 'roll-started', generation, pid, readyTimeoutMs: begun.readyTimeoutMs })
    }
  }
  const ended = supervisor.roll().then((outcome) => {
    replies.push({ type: 'roll-ended', outcome: reportOutcome(outcome) })
    changes.wake()
  })
  if (begun === undefined && supervisor.status().state !== 'stopping') yield { type: 'roll-queued' }
  for (;;) {
    for (let reply = replies.shift(); reply !== undefined; reply = replies.shift()) {
      yield reply
      if (reply.type === 'roll-ended') return await ended
    }
    if (signal.aborted) return
    await changes.next()
  }
}

async function* present(supervised: Supervised): AsyncGenerator<ControlReply> {
  yield { type: 'status', status: supervised.status() }
}

async function* watch(supervised: Supervised, signal: AbortSignal): AsyncGenerator<ControlReply> {
  yield { type: 'status', status: supervised.status() }
  const supervisor = await unlessAborted(supervised.started, signal)
  if (supervisor === undefined) return
  using changes = new Changes(supervisor, signal)
  let told = ''
  for (;;) {
    const now = supervised.status()
    const text = JSON.stringify(now)
    if (text !== told) yield { type: 'status', status: now }
    told = text
    if (signal.aborted || now.state === 'stopped') return
    await changes.next()
    await delay(WATCH_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}

async function* stop(
  supervised: Supervised,
  now: boolean,
  signal: AbortSignal,
): AsyncGenerator<ControlReply> {
  supervised.stop(now ? 'request-now' : 'request')
  yield stopping(supervised.status())
  const supervisor = await unlessAborted(supervised.started, signal)
  if (supervisor === undefined) return
  using changes = new Changes(supervisor, signal)
  for (;;) {
    const now = supervised.status()
    yield stopping(now)
    if (signal.aborted || now.state === 'stopped') return
    await changes.next()
  }
}

function stopping({ pid, generations }: Status): ControlReply {
  return { type: 'stopping', pid, generations: generations.map(({ generation }) => generation) }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    void promise.then(resolve)
  })
}

/** Reports once that something has happened since the last call, however often it happened. */
class Changes implements Disposable {
  onEvent: (event: SupervisorEvent) => void = () => {}
  #changed = false
  #wake = () => {}
  readonly #signal: AbortSignal
  readonly #subscription: Disposable

  constructor(supervisor: RollingSupervisor, signal: AbortSignal) {
    this.#signal = signal
    this.#subscription = supervisor.onEvent((event) => {
      this.onEvent(event)
      this.wake()
    })
    signal.addEventListener('abort', this.wake)
  }

  /** Resolves once something changed, or the client left. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#changed = false
  }

  readonly wake = (): void => {
    this.#changed = true
    this.#wake()
  };

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.#signal.removeEventListener('abort', this.wake)
  }
}
