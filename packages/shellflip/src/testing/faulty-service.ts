import { chownSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ask } from '@shellflip/control-socket'
import { isAlive, processState, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from '@shellflip/upgrader/rust'
import { type Fault, hasAborted, isFatal, type Reply, type Signal, type Verdict } from './fault.ts'
import { FlipSandbox, type ServiceEvent } from './flip-sandbox.ts'
import { ServiceInspection, settleMs } from './service-inspection.ts'
import { Strace } from './strace.ts'

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
export const serviceScripts = [script('fault-seam.mjs'), script('fault-service.mjs')] as const
const command = [process.execPath, '--import', ...serviceScripts] as const

const replyMs = 20_000

/** Restores what was changed, for this process. */
export type Restore = (pid: number) => void

/** A service with a socket of every kind. Any step of its upgrade can be made to fail. */
export class FaultyService implements AsyncDisposable {
  readonly sandbox = new FlipSandbox()
  readonly #uid: number | undefined
  readonly #inspection: ServiceInspection
  #pid = 0
  /** Counts the lines of earlier upgrades. */
  #seen = 0

  /**
   * @param uid the user that it runs as, and that owns its folder
   * @param prepare makes what must be in its folder
   */
  static async start(
    options: Record<string, unknown> = {},
    uid?: number,
    prepare: (folder: string) => void = () => {},
  ): Promise<FaultyService> {
    const service = new FaultyService(options, uid)
    prepare(service.sandbox.path())
    await service.#start()
    return service
  }

  private constructor(options: Record<string, unknown>, uid: number | undefined) {
    this.#uid = uid
    const { pidFile = 'service.pid' } = options as { pidFile?: string }
    this.#inspection = new ServiceInspection(this.sandbox, pidFile, uid === undefined)
    this.#write('options', { options: { ...options, pidFile: this.sandbox.path(pidFile) } })
    if (uid === undefined) return
    for (const name of ['.', 'control', 'events.jsonl', 'plan.json', 'options.json'])
      chownSync(this.sandbox.path(name), uid, uid)
  }

  /** Returns its TCP port, at which any serving process answers. */
  get port(): number {
    return this.sandbox.port
  }

  /** Upgrades with this fault, judges the result, and upgrades again without one. */
  async upgradeWith(fault: Fault | undefined): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#begin()
    this.#write('fault', fault ?? {})
    const { reply, traced } = await this.#requestTraced(fault, predecessor)
    this.#write('fault', {})
    const reached =
      this.fresh({ type: 'fault' }).length > 0 ||
      traced.some((line) => line.includes('(INJECTED)') || line.includes('killed by SIGKILL'))
    const met = fault !== undefined && hasAborted(traced) ? { ...fault, isFatal: true } : fault
    const serves = await this.#judge(met, predecessor, reply, problems)
    if (serves === undefined) await this.#restart(problems)
    else await this.#upgradeAgain(serves, problems)
    return { reply, reached, serves, problems, traced }
  }

  async #requestTraced(
    fault: Fault | undefined,
    predecessor: number,
  ): Promise<{ reply: Reply; traced: string[] }> {
    if (fault === undefined || !('strace' in fault)) return { reply: await this.#request(), traced: [] }
    const attach = (pid: number) => Strace.attach(pid, fault.strace, this.sandbox.path('output.strace'))
    if (fault.side === 'predecessor') {
      const strace = await attach(predecessor)
      return { reply: await this.#request(), traced: await strace.detach() }
    }
    const replying = this.#request()
    const successor = await this.#stoppedSuccessor(replying)
    const strace = successor === undefined ? undefined : await attach(successor)
    if (successor !== undefined) process.kill(successor, 'SIGCONT')
    return { reply: await replying, traced: (await strace?.detach()) ?? [] }
  }

  /** Waits for the successor to stop itself before it says hello. Returns undefined if it never does. */
  async #stoppedSuccessor(replying: Promise<Reply>): Promise<number | undefined> {
    let isOver = false
    void replying.then(() => {
      isOver = true
    })
    const found = () => this.fresh({ type: 'attach' }).at(-1)?.pid as number | undefined
    await waitFor(() => isOver || (found() !== undefined && processState(found() as number) === 'T'))
    return isOver ? undefined : found()
  }

  /**
   * Upgrades, and sends a signal meanwhile. A killed predecessor leaves the service to a successor that has everything that it gives. The
   * event `taken-over` reports that. Before that it dies with the service.
   *
   * @param over called before anything is judged
   */
  async upgradeUnder(sent: Signal, over: () => Promise<unknown>): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#begin()
    const replying = this.#request()
    const target = await this.#targetOf(sent, predecessor, replying)
    await delay(sent.afterMs)
    const reached = target !== undefined && signal(target, sent.signal)
    if (reached && sent.signal === 'SIGSTOP') {
      await delay(sent.stoppedMs ?? 0)
      signal(target, 'SIGCONT')
    }
    const reply = await replying
    if (reached && sent.signal === 'SIGKILL')
      await waitFor(() => !isAlive(target), { what: `the end of ${target}` })
    await over()
    // The test kills it, as its own fault would.
    const fault: Fault = { side: sent.side, strace: [], isFatal: sent.signal === 'SIGKILL' }
    const serves = await this.#judge(fault, predecessor, reply, problems)
    if (serves === undefined) await this.#restart(problems)
    else await this.#upgradeAgain(serves, problems)
    return { reply, reached, serves, problems, traced: [] }
  }

  /**
   * Upgrades in another environment. `change` makes it, and the function that it returns restores the old one. A signal requests the
   * upgrade.
   */
  async upgradeIn(change: (service: FaultyService, predecessor: number) => Restore): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#begin()
    const restore = change(this, predecessor)
    process.kill(predecessor, 'SIGUSR2')
    const over = await waitFor(() => this.fresh({ type: 'upgrade-over' }).at(-1), {
      what: 'the outcome',
      deadlineMs: replyMs,
    }).catch(() => undefined)
    for (const pid of this.sandbox.pids()) restore(pid)
    const reply = outcomeOf(over?.outcome)
    const serves = await this.#judge(undefined, predecessor, reply, problems)
    if (serves === undefined) await this.#restart(problems)
    else await this.#upgradeAgain(serves, problems)
    return { reply, reached: true, serves, problems, traced: [] }
  }

  async #targetOf(
    { side }: Signal,
    predecessor: number,
    replying: Promise<Reply>,
  ): Promise<number | undefined> {
    if (side === 'predecessor') return predecessor
    const started = () => this.fresh({ type: 'successor-started' }).at(-1)?.successor as number | undefined
    let isOver = false
    void replying.then(() => {
      isOver = true
    })
    await waitFor(() => isOver || started() !== undefined, { deadlineMs: replyMs })
    return started()
  }

  #begin(): void {
    this.#seen = this.sandbox.events().length
    this.#inspection.begin()
  }

  /** Returns the reports of the current upgrade. */
  fresh(pattern: Partial<ServiceEvent>): ServiceEvent[] {
    const all = this.sandbox.events().slice(this.#seen)
    return all.filter((event) =>
      Object.entries(pattern).every(([name, value]) => isDeepStrictEqual(event[name], value)),
    )
  }

  /** @returns the process that has to serve, and does */
  async #judge(
    fault: Fault | undefined,
    predecessor: number,
    reply: Reply,
    problems: string[],
  ): Promise<number | undefined> {
    if ('pid' in reply && reply.pid === predecessor) problems.push('the predecessor was reported')
    // A request may stay without an answer only if the predecessor exits, or if that very write fails.
    if ('unanswered' in reply && fault?.side !== 'predecessor') {
      problems.push(`no outcome was reported: ${reply.unanswered}`)
    }
    const expected = await this.#survivor(predecessor, reply)
    if (expected === undefined) {
      if (!isFatal(fault)) problems.push('nobody serves')
      if (this.fresh({ type: 'taken-over' }).length > 0)
        problems.push('the successor had everything, and does not serve')
      return undefined
    }
    // A process that served, and ends by its own fault, crashes the service: no other process has it.
    const mayCrash =
      isFatal(fault) && fault?.side === (expected === predecessor ? 'predecessor' : 'successor')
    if (mayCrash && (await this.#isCrash(expected))) return undefined
    const wrong = await this.#inspection.problemsOf(expected, {
      isUnchanged: expected === predecessor,
      fault,
      reply,
    })
    // A busy machine may need longer for the fault to end it.
    if (mayCrash && !isAlive(expected)) return undefined
    problems.push(...wrong)
    return wrong.length === 0 ? expected : undefined
  }

  /** Returns the process that serves according to the reports. Undefined if a predecessor died before it had given everything. */
  async #survivor(predecessor: number, reply: Reply): Promise<number | undefined> {
    if ('pid' in reply) return reply.pid
    if ('reason' in reply) return predecessor
    const isReplaced = this.fresh({ type: 'upgrade-over' }).at(-1)?.outcome?.type === 'upgraded'
    if (isAlive(predecessor) && !isReplaced) return predecessor
    const served = () =>
      this.fresh({ type: 'serving' })
        .map(({ pid }) => pid)
        .find((pid) => pid !== predecessor)
    await waitFor(() => served() !== undefined || this.sandbox.pids().length === 0, {
      deadlineMs: settleMs,
    }).catch(() => {})
    return served()
  }

  /** Reports whether this process has served and exited, and nothing is left of the service. */
  async #isCrash(pid: number): Promise<boolean> {
    // A fault of the last steps may take a moment to end it.
    await waitFor(() => this.fresh({ type: 'serving', pid }).length > 0 || !isAlive(pid), {
      deadlineMs: 3_000,
    }).catch(() => {})
    await waitFor(() => this.sandbox.pids().length === 0, {
      deadlineMs: isAlive(pid) ? 500 : settleMs,
    }).catch(() => {})
    return !isAlive(pid)
  }

  async #upgradeAgain(serves: number, problems: string[]): Promise<void> {
    let reply = await this.#request()
    // A busy machine may take longer than a timeout that tests wait for.
    for (let tries = 0; tries < 3 && 'reason' in reply && /not ready within/.test(reply.reason); tries++) {
      reply = await this.#request()
    }
    if (!('pid' in reply)) {
      problems.push(`the next upgrade failed: ${JSON.stringify(reply)}`)
      return this.#restart(problems)
    }
    const requested = this.fresh({ type: 'upgrade-requested' }).at(-1)?.pid
    if (requested !== serves) problems.push(`${requested} answered at the control socket, not ${serves}`)
    const wrong = await this.#inspection.problemsOf(reply.pid)
    problems.push(...wrong.map((what) => `after the next upgrade: ${what}`))
    this.#pid = reply.pid
    if (wrong.length > 0) await this.#restart(problems)
  }

  /** Requests an upgrade. An older generation that has not read the request closes without an answer, so the request is sent once more. */
  async #request(): Promise<Reply> {
    const reply = await this.#requestOnce()
    const wasRead = this.fresh({ type: 'upgrade-requested' }).length > 0
    return 'unanswered' in reply && !wasRead ? this.#requestOnce() : reply
  }

  async #requestOnce(): Promise<Reply> {
    try {
      const { Response } = await ask({
        path: this.sandbox.controlSocket,
        protocol: shellflipProtocol,
        request: { Request: 'TryRestart' },
        signal: AbortSignal.timeout(replyMs),
      })
      return 'RestartComplete' in Response
        ? { pid: Response.RestartComplete }
        : { reason: Response.RestartFailed }
    } catch (error) {
      return { unanswered: (error as Error).message }
    }
  }

  /** Starts it again after a crash, as a service manager does. */
  async #restart(problems: string[]): Promise<void> {
    for (const pid of this.sandbox.pids()) process.kill(pid, 'SIGKILL')
    await waitFor(() => this.sandbox.pids().length === 0)
    // A start without a predecessor finds what a crash has left at its paths, and does not know other paths.
    for (const file of this.#leftFiles(problems.length > 0 ? /service\.pid|\.sock/ : /^extra-/)) rmSync(file)
    await this.#start()
  }

  #leftFiles(pattern: RegExp): string[] {
    return [...readdirSync(this.sandbox.path()), 'control/restart.sock']
      .filter((name) => pattern.test(name))
      .map((name) => this.sandbox.path(name))
      .filter((path) => existsSync(path))
  }

  async #start(): Promise<void> {
    this.#write('fault', {})
    this.#pid = await this.sandbox.startServing({ command: this.#command })
    const wrong = await this.#inspection.problemsOf(this.#pid)
    if (wrong.length > 0) throw new Error(`a first start: ${wrong.join('; ')}`)
  }

  get #command(): readonly [string, ...string[]] {
    if (this.#uid === undefined) return command
    return ['setpriv', `--reuid=${this.#uid}`, `--regid=${this.#uid}`, '--clear-groups', ...command]
  }

  #write(name: string, content: object): void {
    writeFileSync(this.sandbox.path(`${name}.json`), JSON.stringify(content))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]()
  }
}

function outcomeOf(outcome: { type: string; pid?: number; message?: string } | undefined): Reply {
  if (outcome === undefined) return { unanswered: 'no event upgrade-over' }
  if (outcome.pid !== undefined) return { pid: outcome.pid }
  return { reason: outcome.message ?? outcome.type }
}

/** @returns whether the process existed */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}
