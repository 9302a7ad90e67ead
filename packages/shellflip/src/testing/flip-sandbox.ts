import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { get, type RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ask } from '@shellflip/control-socket'
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
import { shellflipProtocol } from '@shellflip/upgrader/rust'
import type { FlipPlan } from './flip-plan.ts'
import { ownersOfPath, ownersOfPort } from './socket-owners.ts'

/** A report of a process of the service: `type` is a FlipEvent's, or one of service.mjs's own. */
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

/** The answer to a request on the control socket. */
export type RestartReply = { pid: number } | { reason: string }

export const serviceScript = fileURLToPath(new URL('service.mjs', import.meta.url))

/** Long enough on a busy machine for a start of Node that follows others. */
const deadlineMs = 25_000

/** Descriptors that are closed in the background are closed by then. The garbage collector closes forgotten ones later. */
const closedMs = 5_000

/**
 * A folder with a service in it, from its first process to its last. Successors, which lead their own sessions, end with the scope, and so
 * does everything that they have started.
 */
export class FlipSandbox implements AsyncDisposable {
  readonly #folder = temporaryFolder('flip-')
  readonly #started = new Map<number, Promise<Exit>>()
  readonly #events: ServiceEvent[] = []
  #readTo = 0
  #plan: FlipPlan = {}

  /** Returns a service that serves. */
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

  /** Changes the plan. Anything that is not named stays. */
  plan(changes: FlipPlan): void {
    this.#plan = { ...this.#plan, ...changes }
    writeFileSync(this.path('plan.next'), JSON.stringify(this.#plan))
    renameSync(this.path('plan.next'), this.path('plan.json'))
  }

  /** Starts a process that has no predecessor. */
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

  /** Returns how a process exited that this sandbox has started itself. */
  exitOf(pid: number): Promise<Exit> {
    return this.#started.get(pid) ?? Promise.reject(new Error(`${pid} was not started here`))
  }

  /** Returns the reports so far that have these fields. */
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

  /** Returns the last report with these fields, as soon as there is one. */
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

  /** Requests an upgrade as `shellflip restart` does. */
  async restart(): Promise<RestartReply> {
    const { Response } = await ask({
      path: this.controlSocket,
      protocol: shellflipProtocol,
      request: { Request: 'TryRestart' },
      signal: AbortSignal.timeout(deadlineMs),
    })
    return 'RestartComplete' in Response
      ? { pid: Response.RestartComplete }
      : { reason: Response.RestartFailed }
  }

  /** Does the same, where it must succeed. Returns the pid that serves. */
  async upgraded(): Promise<number> {
    const reply = await this.restart()
    if (!('pid' in reply)) throw new Error(reply.reason)
    await this.event({ type: 'serving', pid: reply.pid })
    return reply.pid
  }

  /** Does the same, where it must fail. Returns the reason. */
  async notUpgraded(): Promise<string> {
    const reply = await this.restart()
    if ('pid' in reply) throw new Error(`upgraded to pid ${reply.pid}`)
    return reply.reason
  }

  get port(): number {
    return this.events({ type: 'serving' }).at(-1)?.port
  }

  /** Sends a request on a new connection over TCP. */
  // biome-ignore lint/suspicious/noExplicitAny: what the service answers
  request(path = '/'): Promise<any> {
    return answer({ host: '127.0.0.1', port: this.port, path })
  }

  /** Does the same over the UNIX socket. */
  // biome-ignore lint/suspicious/noExplicitAny: what the service answers
  requestByPath(path = '/'): Promise<any> {
    return answer({ socketPath: this.path('service.sock'), path })
  }

  /** Returns every live process of the service, and of those that it has started (Linux). */
  pids(): number[] {
    return processesWith(`FLIP_FOLDER=${this.path()}\0`).filter(isAlive)
  }

  /** Waits until only these live, and none of their children is a zombie (Linux). */
  async onlyLives(...pids: number[]): Promise<void> {
    const expected = [...pids].sort()
    await waitFor(() => isDeepStrictEqual(this.pids().sort(), expected) && this.#zombies(pids).length === 0, {
      deadlineMs,
      what: `pids ${pids}, and nobody else`,
    }).catch((error) => {
      throw new Error(`${error.message}: ${this.pids()}, zombies ${this.#zombies(pids)}`)
    })
  }

  /** Returns the processes that hold each listening socket of the service. That is one process, unless an upgrade is under way (Linux). */
  owners(): { port: number[]; path: number[]; control: number[] } {
    const pids = this.pids()
    return {
      port: ownersOfPort(this.port, pids),
      path: ownersOfPath(this.path('service.sock'), pids),
      control: ownersOfPath(this.controlSocket, pids),
    }
  }

  /**
   * Returns what a process has open, without the numbers. It leaves out the files that the process opens to read its plan and to report,
   * and the certificates that a thread of Node reads after the start (Linux).
   */
  fds(pid: number): string[] {
    const own = [this.path('plan.json'), this.path('events.jsonl'), process.env.NODE_EXTRA_CA_CERTS]
    return [...openFds(pid).values()]
      .filter((target) => !own.includes(target.replace(/ \(deleted\)$/, '')))
      .map((target) => target.replace(/\[\d+\]/, ''))
      .sort()
  }

  /** Waits until the process has exactly this open (Linux). */
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

  /** @returns how many there were. The next call finds what one of them has just started */
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
    // Without a time limit, because a test keeps some open over several upgrades.
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
