import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { get, type RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ask } from '@shellflip/control-socket'
import { shellflipVocabulary } from '@shellflip/control-socket/shellflip'
import {
  type Exit,
  isAlive,
  openFds,
  processesWith,
  processState,
  temporaryFolder,
  type WaitOptions,
  waitFor,
} from '@shellflip/testing'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import type { FlipPlan } from './flip-plan.ts'
import { ownersOfPath, ownersOfPort } from './socket-owners.ts'

/** What a process of the service reports: `type` is a FlipEvent's, or one of service.mjs's own. */
// biome-ignore lint/suspicious/noExplicitAny: events of many forms, looked at by tests
export type ServiceEvent = { pid: number; type: string; [field: string]: any }

type Pattern = Partial<ServiceEvent>

export type LaunchService = {
  /** @default this Node and service.mjs */
  command?: readonly [file: string, ...args: string[]]
  /** @default the sandbox's folder */
  cwd?: string
  env?: NodeJS.ProcessEnv
}

/** What came of a request on the control socket. */
export type RestartReply = { pid: number } | { reason: string }

export const serviceScript = fileURLToPath(new URL('service.mjs', import.meta.url))

/** On a busy machine, for a start of Node that follows others. */
const deadlineMs = 25_000

/** What is closed in the background is closed by then; what is forgotten, the garbage collector closes later. */
const closedMs = 5_000

/**
 * A folder with a service in it, from its first process to its last: successors, which lead sessions of their own, and
 * all that any of them has started end with the scope.
 */
export class FlipSandbox implements AsyncDisposable {
  readonly #folder = temporaryFolder('flip-')
  readonly #started = new Map<number, Promise<Exit>>()
  readonly #events: ServiceEvent[] = []
  #readTo = 0
  #plan: FlipPlan = {}

  /** A service that serves. */
  static async serving(plan: FlipPlan = {}, launch: LaunchService = {}): Promise<FlipSandbox> {
    const sandbox = new FlipSandbox(plan)
    try {
      await sandbox.startServing(launch)
      return sandbox
    } catch (error) {
      await sandbox[Symbol.asyncDispose]()
      throw error
    }
  }

  constructor(plan: FlipPlan = {}) {
    mkdirSync(this.path('control'), { mode: 0o700 })
    writeFileSync(this.path('events.jsonl'), '')
    this.plan(plan)
  }

  path(...names: string[]): string {
    return this.#folder.join(...names)
  }

  get controlSocket(): string {
    return this.path('control', 'restart.sock')
  }

  /** Changes what is planned; what is not named stays. */
  plan(changes: FlipPlan): void {
    this.#plan = { ...this.#plan, ...changes }
    writeFileSync(this.path('plan.next'), JSON.stringify(this.#plan))
    renameSync(this.path('plan.next'), this.path('plan.json'))
  }

  /** A process that has no predecessor. */
  async start({ command, cwd, env }: LaunchService = {}): Promise<number> {
    const [file, ...args] = command ?? [process.execPath, serviceScript]
    const output = openSync(this.path('output.txt'), 'a')
    const child = spawn(file, args, {
      cwd: cwd ?? this.path(),
      env: { ...process.env, FLIP_FOLDER: this.path(), ...env },
      stdio: ['ignore', output, output],
      detached: true,
    })
    closeSync(output)
    const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
    exit.catch(() => {})
    await once(child, 'spawn')
    const pid = child.pid as number
    this.#started.set(pid, exit)
    return pid
  }

  async startServing(launch: LaunchService = {}): Promise<number> {
    const pid = await this.start(launch)
    await this.event({ type: 'serving', pid })
    return pid
  }

  /** How a process ended that this sandbox has started itself. */
  exitOf(pid: number): Promise<Exit> {
    return this.#started.get(pid) ?? Promise.reject(new Error(`${pid} was not started here`))
  }

  /** What was reported so far and has these fields. */
  events(pattern: Pattern = {}): ServiceEvent[] {
    const bytes = readFileSync(this.path('events.jsonl'))
    const end = bytes.lastIndexOf('\n') + 1
    const lines = bytes.subarray(this.#readTo, end).toString().split('\n').slice(0, -1)
    this.#events.push(...lines.map((line) => JSON.parse(line)))
    this.#readTo = end
    const fields = Object.entries(pattern)
    return this.#events.filter((event) =>
      fields.every(([name, value]) => isDeepStrictEqual(event[name], value)),
    )
  }

  /** The last report with these fields, as soon as there is one. */
  async event(pattern: Pattern, options: WaitOptions = {}): Promise<ServiceEvent> {
    try {
      return await waitFor(() => this.events(pattern).at(-1), {
        deadlineMs,
        what: JSON.stringify(pattern),
        ...options,
      })
    } catch (error) {
      const said = readFileSync(this.path('output.txt'), 'utf8')
      const all = readFileSync(this.path('events.jsonl'), 'utf8')
      throw new Error(`${(error as Error).message}\n${all}\n${said}`)
    }
  }

  /** Asks for an upgrade as `shellflip restart` does. */
  async restart(): Promise<RestartReply> {
    const { Response } = await ask({
      path: this.controlSocket,
      vocabulary: shellflipVocabulary,
      request: { Request: 'TryRestart' },
      signal: AbortSignal.timeout(deadlineMs),
    })
    return 'RestartComplete' in Response
      ? { pid: Response.RestartComplete }
      : { reason: Response.RestartFailed }
  }

  /** The same, where it must succeed: the pid that serves. */
  async upgraded(): Promise<number> {
    const reply = await this.restart()
    if (!('pid' in reply)) throw new Error(reply.reason)
    await this.event({ type: 'serving', pid: reply.pid })
    return reply.pid
  }

  /** The same, where it must fail: the reason. */
  async notUpgraded(): Promise<string> {
    const reply = await this.restart()
    if ('pid' in reply) throw new Error(`upgraded to pid ${reply.pid}`)
    return reply.reason
  }

  get port(): number {
    return this.events({ type: 'serving' }).at(-1)?.port
  }

  /** A request on a connection of its own, over TCP. */
  // biome-ignore lint/suspicious/noExplicitAny: what the service answers
  request(path = '/'): Promise<any> {
    return answer({ host: '127.0.0.1', port: this.port, path })
  }

  /** The same over the UNIX socket. */
  // biome-ignore lint/suspicious/noExplicitAny: what the service answers
  requestByPath(path = '/'): Promise<any> {
    return answer({ socketPath: this.path('service.sock'), path })
  }

  /** Every process of the service, and of those that it has started, that lives (Linux). */
  pids(): number[] {
    return processesWith(`FLIP_FOLDER=${this.path()}\0`).filter(isAlive)
  }

  /** Waits until these are all that live, and no child of theirs is a zombie (Linux). */
  async onlyLives(...pids: number[]): Promise<void> {
    const expected = [...pids].sort()
    await waitFor(() => isDeepStrictEqual(this.pids().sort(), expected) && this.#zombies(pids).length === 0, {
      deadlineMs,
      what: `pids ${pids}, and nobody else`,
    }).catch((error) => {
      throw new Error(`${error.message}: ${this.pids()}, zombies ${this.#zombies(pids)}`)
    })
  }

  /** Who holds each listening socket of the service: one process, when no upgrade is under way (Linux). */
  owners(): { port: number[]; path: number[]; control: number[] } {
    const pids = this.pids()
    return {
      port: ownersOfPort(this.port, pids),
      path: ownersOfPath(this.path('service.sock'), pids),
      control: ownersOfPath(this.controlSocket, pids),
    }
  }

  /** What a process has open, without the numbers, and without the files that it opens to read its plan and to report (Linux). */
  fds(pid: number): string[] {
    const own = [this.path('plan.json'), this.path('events.jsonl')]
    return [...openFds(pid).values()]
      .filter((target) => !own.includes(target.replace(/ \(deleted\)$/, '')))
      .map((target) => target.replace(/\[\d+\]/, ''))
      .sort()
  }

  /** Waits until that is what it has open (Linux). */
  async holds(pid: number, expected: readonly string[]): Promise<void> {
    await waitFor(() => isDeepStrictEqual(this.fds(pid), expected), { deadlineMs: closedMs }).catch(() => {
      throw new Error(`${pid} has open\n${this.fds(pid).join('\n')}\nand should\n${expected.join('\n')}`)
    })
  }

  isLockFree(): boolean {
    const outcome = UpgradeLock.tryAcquire({ path: `${this.controlSocket}.lock` })
    if (outcome.type === 'acquired') outcome.lock.release()
    return outcome.type === 'acquired'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await waitFor(() => this.#killAll() === 0, { deadlineMs, what: 'the end of the sandbox' })
    await Promise.all(this.#started.values())
    this.#folder[Symbol.dispose]()
  }

  /** @returns how many there were: what one of them has just started is found the next time */
  #killAll(): number {
    const reported = this.events().flatMap(({ pid, grandchild = pid }) => [pid, grandchild])
    const pids = process.platform === 'linux' ? this.pids() : [...this.#started.keys(), ...reported]
    return [...new Set(pids)].filter((pid) => kill(pid)).length
  }

  #zombies(parents: readonly number[]): number[] {
    return parents.filter(isAlive).flatMap((pid) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .split(' ')
        .map(Number)
        .filter((child) => child > 0 && processState(child) === 'Z'),
    )
  }
}

function answer(options: RequestOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // As long as it takes: a test holds some open over several upgrades.
    const request = get({ ...options, agent: false }, (response) => {
      text(response).then((body) => resolve(JSON.parse(body)), reject)
    })
    request.once('error', reject)
  })
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
