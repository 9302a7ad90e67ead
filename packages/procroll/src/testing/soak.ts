import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { askSupervisor, type Outcome, type Status } from '@shellflip/supervisor-control'
import { describeFailures, LoadClient, openFds, waitFor } from '@shellflip/testing'
import { cli, freeListener, ProcrollSandbox } from './procroll-sandbox.ts'

const readyTimeoutMs = 500
const watchdogMs = 1_000
/** Longer than each of the two. */
const stoppedMs = 1_300

/** The disturbances of a roll. A name stands for a method of {@link Soak}. */
export const disturbances = [
  'newVersionCrashes',
  'newVersionHangs',
  'procrollIsStopped',
  'procrollIsKilled',
  'generationIsStopped',
  'notifyFolderIsSwept',
  'controlSocketIsSwept',
  'nobodyReadsTheLog',
] as const
export type Disturbance = (typeof disturbances)[number]

/** A procroll under load that is rolled and disturbed, as in years of service. */
export class Soak implements AsyncDisposable {
  readonly #sandbox = new ProcrollSandbox()
  readonly #plan = this.#sandbox.join('plan')
  readonly #program = this.#sandbox.join('soak-service')
  readonly #controlSocket = this.#sandbox.join('run', 'soak', 'control.sock')
  readonly #port: number
  readonly #random: () => number
  #procroll: ChildProcess | undefined
  #load: LoadClient | undefined
  #log = ''

  constructor(random: () => number) {
    this.#random = random
    const source = fileURLToPath(new URL('soak-service.c', import.meta.url))
    execFileSync(process.env.CC ?? 'cc', ['-Wall', '-Werror', '-o', this.#program, source])
    using free = freeListener()
    this.#port = free.port
  }

  async start(): Promise<void> {
    await this.#startProcroll()
    this.#load = LoadClient.start({ target: { port: this.#port }, newConnections: 2, thinkTimeMs: 2 })
  }

  /** Rolls once. Throws where a request failed, or another generation serves than should. */
  async roll(disturbance?: Disturbance): Promise<void> {
    const before = await this.#serving()
    await (disturbance === undefined ? this.#rollsTo() : this[disturbance](before))
    await waitFor(async () => (await this.#status()).generations.length === 1, {
      what: 'the end of the drain',
    })
    this.#requireNoFailure(disturbance)
  }

  /** How much memory procroll takes, in KiB, and how many descriptors. */
  usage(): { rssKiB: number; fds: number } {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return { rssKiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]), fds: openFds(this.#pid).size }
  }

  /** Stops procroll, and returns what it left behind and how many requests were answered. */
  async stop(): Promise<{ answered: number; exitCode: number | null; left: (string | number)[] }> {
    const report = await this.#load?.stop()
    const exit = once(this.#procroll as ChildProcess, 'close')
    process.kill(this.#pid, 'SIGTERM')
    const [exitCode] = await exit
    const { processes, leftovers } = this.#sandbox
    return { answered: report?.ok ?? 0, exitCode, left: [...processes, ...leftovers] }
  }

  get log(): string {
    return this.#log
  }

  async newVersionCrashes(before: number): Promise<void> {
    await this.#staysAt(before, 'crash')
  }

  async newVersionHangs(before: number): Promise<void> {
    await this.#staysAt(before, 'hang')
  }

  async procrollIsStopped(): Promise<void> {
    const rolled = this.#rollsTo()
    await delay(this.#upTo(20))
    process.kill(this.#pid, 'SIGSTOP')
    await delay(stoppedMs)
    process.kill(this.#pid, 'SIGCONT')
    await rolled
  }

  async procrollIsKilled(): Promise<void> {
    const rolled = this.#rollsTo().catch(() => {})
    await delay(this.#upTo(20))
    const exit = once(this.#procroll as ChildProcess, 'close')
    process.kill(this.#pid, 'SIGKILL')
    this.#procroll?.stdout?.destroy()
    await Promise.all([exit, rolled])
    await this.#startProcroll()
  }

  async generationIsStopped(before: number): Promise<void> {
    process.kill(before, 'SIGSTOP')
    await this.#rollsTo()
  }

  async notifyFolderIsSwept(before: number): Promise<void> {
    const { tempdir } = this.#sandbox
    // procroll makes its sockets again as soon as the first one is gone, and a folder with files in it is not removed.
    for (const name of readdirSync(tempdir)) rmSync(`${tempdir}/${name}`, { recursive: true, maxRetries: 3 })
    await delay(this.#upTo(2 * watchdogMs))
    await this.#requireServing(before)
    await this.#rollsTo()
  }

  async controlSocketIsSwept(before: number): Promise<void> {
    rmSync(this.#controlSocket)
    await waitFor(() => this.#status(), { what: 'a control socket that is made again', deadlineMs: 30_000 })
    await this.#requireServing(before)
    await this.#rollsTo()
  }

  async nobodyReadsTheLog(): Promise<void> {
    this.#procroll?.stdout?.pause()
    for (let rolls = 0; rolls < 5; rolls++) await this.#rollsTo()
    this.#procroll?.stdout?.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load?.stop()
    await this.#sandbox[Symbol.asyncDispose]()
  }

  get #pid(): number {
    return this.#procroll?.pid as number
  }

  #upTo(ms: number): number {
    return Math.round(this.#random() * ms)
  }

  /** Stdout and stderr share one pipe, as under a log collector. */
  async #startProcroll(): Promise<void> {
    const flags = [
      ...['--name', 'soak', '--listen', `tcp://127.0.0.1:${this.#port}`],
      ...['--ready-timeout', `${readyTimeoutMs}ms`, '--watchdog', `${watchdogMs}ms`],
      ...['--drain-timeout', '20s'],
    ]
    const words = [process.execPath, cli, 'run', ...flags, '--', this.#program, this.#plan]
    const started = spawn('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', ...words], {
      env: { ...process.env, ...this.#sandbox.env },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    started.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.#log = (this.#log + text.replace(/^turn .*\n/gm, '')).slice(-20_000)
    })
    this.#procroll = started
    await waitFor(async () => (await this.#status()).generations.some(({ state }) => state === 'ready'), {
      what: 'procroll to serve',
      deadlineMs: 30_000,
    })
  }

  async #status(): Promise<Status> {
    for await (const reply of askSupervisor(this.#controlSocket, { type: 'status' })) {
      if (reply.type === 'status') return reply.status
    }
    throw new Error('no status')
  }

  async #outcome(): Promise<Outcome> {
    for await (const reply of askSupervisor(this.#controlSocket, { type: 'roll' })) {
      if (reply.type === 'roll-ended') return reply.outcome
    }
    throw new Error('procroll reported no outcome')
  }

  async #rollsTo(): Promise<void> {
    const outcome = await this.#outcome()
    if (outcome.type !== 'rolled') throw new Error(`the roll failed: ${JSON.stringify(outcome)}`)
  }

  async #staysAt(before: number, plan: string): Promise<void> {
    writeFileSync(this.#plan, plan)
    const outcome = await this.#outcome()
    rmSync(this.#plan)
    if (outcome.type !== 'failed') throw new Error(`the roll did not fail: ${JSON.stringify(outcome)}`)
    await this.#requireServing(before)
  }

  async #serving(): Promise<number> {
    const ready = (await this.#status()).generations.find(({ state }) => state === 'ready')
    if (ready?.pid === undefined) throw new Error('no generation serves')
    return ready.pid
  }

  async #requireServing(pid: number): Promise<void> {
    const serving = await this.#serving()
    if (serving !== pid) throw new Error(`pid ${pid} should serve, and pid ${serving} does`)
  }

  #requireNoFailure(disturbance: Disturbance | undefined): void {
    const counts = this.#load?.counts
    if (counts === undefined || counts.failed === 0) return
    throw new Error(`${disturbance ?? 'a roll'}: ${describeFailures(counts.failures)} of ${counts.requests}`)
  }
}
