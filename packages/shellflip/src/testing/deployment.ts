import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { ask } from '@shellflip/control-socket'
import {
  endProcessesWith,
  isAlive,
  processesWith,
  TestProcess,
  temporaryFolder,
  waitFor,
} from '@shellflip/testing'
import type { FlipEnd } from '@shellflip/upgrader'
import { type ShellflipReply, shellflipProtocol } from '@shellflip/upgrader/rust'

/** The next start of the service, and what it does. */
export type Plan = {
  version: string
  options?: Record<string, unknown>
  /** @default one HTTP listener at a free port, named http */
  sockets?: PlannedSocket[]
  state?: {
    name?: string
    version?: number
    schema?: 'visits' | 'few visits'
    value: unknown
    /** The result of `save`, if it differs from the state of the service. */
    saved?: unknown
    save?: Mood
    migrations?: number[]
  }
  hooks?: {
    beforeUpgrade?: HookMood | 'spawns' | 'exhausts'
    upgradeFailed?: HookMood | 'frees'
    upgraded?: HookMood
  }
  fromRust?: true
  toRust?: true
  twice?: true
  readyTwice?: true
  upgradeBeforeReady?: true
  /** Statements that the program runs before `flip.ready()`. They see `flip`, `createServer` and `createSocket`. */
  also?: string
  /** The same, after `flip.ready()`. */
  afterwards?: string
  /** A different program. */
  instead?: string
}
type Mood = 'well' | 'throws' | 'rejects' | 'never ends'
type HookMood = Mood | 'tells'

export type PlannedSocket = {
  kind?: 'http' | 'udp' | 'fd'
  /** For a UDP socket. @default what the host needs */
  type?: 'udp4' | 'udp6'
  name?: string
  host?: string
  port?: number
  path?: string
  mode?: number
  backlog?: number
  ipv6Only?: boolean
}

/** The address of a socket, or the file of an opened descriptor. */
export type Opened = { family?: string; address?: string; port?: number; path?: string; ino?: number }

/** A line that the service reports. */
export type Line = {
  pid: number
  version: string
  listening?: Opened[]
  ready?: true
  state?: unknown
  error?: { name: string; code?: string; message: string }
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an event tells its type
  event?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  outcome?: any
  hook?: string
  datagram?: string
  spawned?: { fds: string[]; environment: string[] }
  end?: Pick<FlipEnd, 'type'>
}

export type Served = { pid: number; version: string; state?: unknown }

const service = fileURLToPath(new URL('./deployed-service.mjs', import.meta.url))

/** A service whose program a test replaces as a deploy would. The test owns all generations, and they end with its scope. */
export class Deployment implements AsyncDisposable {
  readonly #folder = temporaryFolder('flip-')
  readonly plan = this.#folder.join('deployed.json')
  readonly controlSocket = this.#folder.join('restart.sock')
  #process: TestProcess | undefined

  join(name: string): string {
    return this.#folder.join(name)
  }

  deploy(plan: Plan): void {
    const { options, ...rest } = plan
    const withSocket = { readyTimeoutMs: 10_000, drainTimeoutMs: 5_000, controlSocket: this.controlSocket }
    writeFileSync(this.plan, JSON.stringify({ ...rest, options: { ...withSocket, ...options } }))
  }

  /** Deploys and starts it. It is not ready yet. */
  start(
    plan: Plan,
    { env, extraFds = [] }: { env?: NodeJS.ProcessEnv; extraFds?: readonly number[] } = {},
  ): TestProcess {
    return this.run(plan, [], { env, extraFds })
  }

  /** Does the same by another program, which gets Node and the script as its last arguments. */
  run(
    plan: Plan,
    wrapper: readonly string[],
    { env, extraFds = [] }: { env?: NodeJS.ProcessEnv | undefined; extraFds?: readonly number[] } = {},
  ): TestProcess {
    this.deploy(plan)
    const [file, ...args] = [...wrapper, process.execPath, service]
    this.#process = TestProcess.start(file as string, args, {
      env: { ...env, DEPLOYED: this.plan },
      extraFds,
    })
    return this.#process
  }

  /** Deploys and starts it, and waits until it serves. */
  async serve(plan: Plan, options: Parameters<Deployment['start']>[1] = {}): Promise<Line> {
    this.start(plan, options)
    return this.told(({ ready, error }) => ready !== undefined || error !== undefined)
  }

  get lines(): Line[] {
    const { stdout } = this.#process as TestProcess
    const whole = stdout.split('\n').slice(0, -1)
    return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  }

  get stderr(): string {
    return this.#process?.stderr ?? ''
  }

  /** Returns the first line of this kind that was reported, or will be. */
  async told(matches: (line: Line) => unknown, what = 'a line of the service'): Promise<Line> {
    try {
      return await waitFor(() => this.lines.find(matches), { what })
    } catch (error) {
      throw new Error(`${(error as Error).message}; it told ${JSON.stringify(this.lines)} ${this.stderr}`)
    }
  }

  /** Returns the sockets that this version reported. */
  opened(pid: number): Opened[] {
    return this.lines.find((line) => line.pid === pid && line.listening)?.listening ?? []
  }

  /** Returns the pid that answers a request. */
  async answer(where: Opened = this.lines.findLast(({ listening }) => listening)?.listening?.[0] ?? {}) {
    const { address: host, port, path } = where
    const to = path === undefined ? { host, port } : { socketPath: path }
    return new Promise<Served>((resolve, reject) => {
      const request = get({ ...to, agent: false, timeout: 5_000 }, async (response) => {
        let body = ''
        for await (const part of response.setEncoding('utf8')) body += part
        resolve(JSON.parse(body))
      })
      request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')))
    })
  }

  /** Requests an upgrade as any client would. */
  async restart(): Promise<ShellflipReply['Response']> {
    const { Response } = await ask({
      path: this.controlSocket,
      protocol: shellflipProtocol,
      request: { Request: 'TryRestart' },
      signal: AbortSignal.timeout(15_000),
    })
    return Response
  }

  /** Upgrades to this plan, which must succeed. */
  async upgradeTo(plan: Plan): Promise<number> {
    this.deploy(plan)
    const response = await this.restart()
    if ('RestartComplete' in response) return response.RestartComplete
    throw new Error(`${response.RestartFailed}; told: ${JSON.stringify(this.lines)} ${this.stderr}`)
  }

  /** Tries to upgrade to this plan, which must fail. @returns the reason */
  async failTo(plan: Plan): Promise<string> {
    this.deploy(plan)
    const response = await this.restart()
    if ('RestartFailed' in response) return response.RestartFailed
    throw new Error(`it was restarted: ${response.RestartComplete}`)
  }

  /** Returns the pids of all generations. */
  get processes(): number[] {
    return processesWith(this.#mark).filter(isAlive)
  }

  get #mark(): string {
    return `DEPLOYED=${this.plan}\0`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    await this.#process?.[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}
