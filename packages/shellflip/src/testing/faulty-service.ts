import { createSocket } from 'node:dgram'
import { chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ask } from '@shellflip/control-socket'
import { shellflipVocabulary } from '@shellflip/control-socket/shellflip'
import { isAlive, processState, waitFor } from '@shellflip/testing'
import { FlipSandbox, type ServiceEvent } from './flip-sandbox.ts'
import { ownersOfPath, ownersOfPort, ownersOfUdpPort } from './socket-owners.ts'
import { Strace } from './strace.ts'

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
export const serviceScripts = [script('fault-seam.mjs'), script('fault-service.mjs')] as const
const command = [process.execPath, '--import', ...serviceScripts] as const

/** What ends a process, or stops its event loop, or surfaces in a later turn. */
export type Disaster =
  | 'exit'
  | 'abort'
  | 'kill'
  | 'uncaught'
  | 'uncaught in the next turn'
  | 'rejection'
  | 'block'

export type Side = 'predecessor' | 'successor'

/** A call of the seam, and the how manieth one since the side was armed. */
export type SeamCall = readonly [call: string, nth: number]

/** What is made to fail in one upgrade. An action is a disaster, or an errno such as EIO. */
export type Fault =
  | { side: Side; call: string; nth: number; action: string }
  | { side: 'successor'; point: string; action: Disaster }
  | { side: Side; record: true }
  /** `trace=…` and `inject=…` of strace(1). `isFatal`: the side ends by it. */
  | { side: Side; strace: readonly string[]; isFatal?: boolean }

/** A signal at a moment of the upgrade. SIGSTOP is followed by SIGCONT. */
export type Signal = { side: Side; signal: 'SIGKILL' | 'SIGSTOP'; afterMs: number; stoppedMs?: number }

/** What whoever requested the upgrade was told. */
export type Reply = { pid: number } | { reason: string } | { unanswered: string }

/** What came of one upgrade with a fault in it. */
export type Verdict = {
  reply: Reply
  /** Whether the fault happened: a call is not made so often in each run. */
  reached: boolean
  /** The one process that serves; undefined after the crash of the process that served alone. */
  serves: number | undefined
  /** What is not as promised. */
  problems: string[]
  /** What strace saw. */
  traced: string[]
}

const replyMs = 20_000
const settleMs = 15_000

/** Takes back what was changed, for this process. */
export type Restore = (pid: number) => void

/** A service with a socket of every kind, of which any step of an upgrade can be made to fail. */
export class FaultyService implements AsyncDisposable {
  readonly sandbox = new FlipSandbox()
  readonly #uid: number | undefined
  readonly #pidFile: string
  #pid = 0
  #fds: string[] = []
  /** Lines of earlier upgrades. */
  #seen = 0

  /**
   * @param uid the user that it runs as, and that owns its folder
   * @param prepare what is to be in its folder
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
    this.#pidFile = (options.pidFile as string | undefined) ?? 'service.pid'
    this.#write('options', { options: { ...options, pidFile: this.sandbox.path(this.#pidFile) } })
    if (uid === undefined) return
    for (const name of ['.', 'control', 'events.jsonl', 'plan.json', 'options.json'])
      chownSync(this.sandbox.path(name), uid, uid)
  }

  /** Where it answers over TCP, whichever process serves. */
  get port(): number {
    return this.sandbox.port
  }

  /** Upgrades with this fault, judges what came of it, and upgrades again without one. */
  async upgradeWith(fault: Fault | undefined): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#seen = this.sandbox.events().length
    this.#write('fault', fault ?? {})
    const { reply, traced } = await this.#requestTraced(fault, predecessor)
    this.#write('fault', {})
    const reached =
      this.fresh({ type: 'fault' }).length > 0 ||
      traced.some((line) => line.includes('(INJECTED)') || line.includes('killed by SIGKILL'))
    const serves = await this.#judge(fault, predecessor, reply, problems)
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

  /** The successor stops itself before it says hello. Undefined if it never comes to that. */
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
   * Upgrades, and sends a signal meanwhile. A predecessor that is killed leaves the service to a successor that has all that it gives,
   * which the event `taken-over` tells. Before that it dies with the service.
   *
   * @param over called before anything is judged
   */
  async upgradeUnder(sent: Signal, over: () => Promise<unknown>): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#seen = this.sandbox.events().length
    const replying = this.#request()
    const target = await this.#targetOf(sent, predecessor, replying)
    await delay(sent.afterMs)
    const wasTakenOver = this.fresh({ type: 'taken-over' }).length > 0
    const reached = target !== undefined && signal(target, sent.signal)
    if (reached && sent.signal === 'SIGSTOP') {
      await delay(sent.stoppedMs ?? 0)
      signal(target, 'SIGCONT')
    }
    const reply = await replying
    if (reached && sent.signal === 'SIGKILL')
      await waitFor(() => !isAlive(target), { what: `the end of ${target}` })
    await over()
    // Killed by the test, as by a fault of its own.
    const fault: Fault = { side: sent.side, strace: [], isFatal: sent.signal === 'SIGKILL' }
    const serves = await this.#judge(fault, predecessor, reply, problems)
    if (serves === undefined && sent.side === 'predecessor' && wasTakenOver) {
      problems.push('nobody serves, and the successor had everything')
    }
    if (serves === undefined) await this.#restart(problems)
    else await this.#upgradeAgain(serves, problems)
    return { reply, reached, serves, problems, traced: [] }
  }

  /** Upgrades in other surroundings, which `change` makes and the function that it returns takes back. Requested by a signal. */
  async upgradeIn(change: (service: FaultyService, predecessor: number) => Restore): Promise<Verdict> {
    const problems: string[] = []
    const predecessor = this.#pid
    this.#seen = this.sandbox.events().length
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

  /** What was reported in the upgrade under way. */
  fresh(pattern: Partial<ServiceEvent>): ServiceEvent[] {
    const all = this.sandbox.events().slice(this.#seen)
    return all.filter((event) =>
      Object.entries(pattern).every(([name, value]) => isDeepStrictEqual(event[name], value)),
    )
  }

  /** @returns who has to serve, and does */
  async #judge(
    fault: Fault | undefined,
    predecessor: number,
    reply: Reply,
    problems: string[],
  ): Promise<number | undefined> {
    const mayCrash = fault !== undefined && isFatal(fault)
    if ('pid' in reply && reply.pid === predecessor) problems.push('the predecessor was reported')
    // Only the predecessor's own end, or a failure of the very write, leaves a request without an answer.
    if ('unanswered' in reply && fault?.side !== 'predecessor') {
      problems.push(`no outcome was reported: ${reply.unanswered}`)
    }
    const expected = await this.#survivor(predecessor, reply)
    if (expected === undefined) {
      if (!mayCrash) problems.push('nobody serves')
      return undefined
    }
    // A process that served, and ends by its own fault, is a crash of the service: nobody else has it.
    if (mayCrash && (await this.#isCrash(expected))) return undefined
    const wrong = await this.#serving(expected, expected === predecessor, fault, reply)
    problems.push(...wrong)
    return wrong.length === 0 ? expected : undefined
  }

  /** Who serves by what was reported. Undefined if a predecessor died before it had given everything. */
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

  /** Whether this process has served, and ended, and nothing is left of the service. */
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
    const wrong = await this.#serving(reply.pid, false)
    problems.push(...wrong.map((what) => `after the next upgrade: ${what}`))
    this.#pid = reply.pid
    if (wrong.length > 0) await this.#restart(problems)
  }

  /** What is wrong with this process as the only one that serves. */
  async #serving(pid: number, isUnchanged: boolean, fault?: Fault, reply?: Reply): Promise<string[]> {
    const wrong: string[] = []
    const attempt = async (what: string, check: () => unknown) => {
      try {
        await check()
      } catch (error) {
        wrong.push(`${what}: ${(error as Error).message}`)
      }
    }
    await attempt('processes', () =>
      waitFor(() => isDeepStrictEqual(this.sandbox.pids(), [pid]), {
        deadlineMs: settleMs,
        what: `${pid} alone`,
      }).catch((error) => {
        throw new Error(`${error.message}, but ${this.sandbox.pids()}`)
      }),
    )
    if (!isAlive(pid)) return [...wrong, `${pid} is dead, and ${this.sandbox.pids()} live`]
    await attempt('owners', () =>
      waitFor(() => Object.values(this.#owners()).every((owners) => isDeepStrictEqual(owners, [pid]))).catch(
        () => {
          throw new Error(`${JSON.stringify(this.#owners())}, not ${pid}`)
        },
      ),
    )
    for (const [name, answered] of Object.entries(this.#questions())) {
      await attempt(name, async () => {
        const who = await answered()
        if (who !== pid) throw new Error(`${who} answers, not ${pid}`)
      })
    }
    const isKilled = (fault !== undefined && isFatal(fault)) || hasCrashed(reply)
    await attempt('lock', () =>
      waitFor(() => this.#isLockFree(), { what: 'the lock to be free', deadlineMs: 2_000 }),
    )
    await attempt('files', () => this.#checkFiles(pid, isKilled))
    if (isUnchanged && !isCloseKept(fault)) {
      await attempt('descriptors', () => this.#checkFds(pid))
    } else this.#fds = await this.#settledFds(pid)
    return wrong
  }

  /** What a test's connections and the older generation took closes a moment later. */
  async #settledFds(pid: number): Promise<string[]> {
    let last = this.sandbox.fds(pid)
    let same = 0
    await waitFor(() => {
      const next = this.sandbox.fds(pid)
      same = isDeepStrictEqual(next, last) ? same + 1 : 0
      last = next
      return same === 5
    })
    return last
  }

  async #checkFds(pid: number): Promise<void> {
    const more = () => {
      const left = [...this.#fds]
      return this.sandbox.fds(pid).filter((fd) => {
        const index = left.indexOf(fd)
        if (index !== -1) left.splice(index, 1)
        return index === -1
      })
    }
    await waitFor(() => more().length === 0, { deadlineMs: 5_000 }).catch(() => {
      throw new Error(`${more()} more than before`)
    })
  }

  /** @param isKilled a process that is killed leaves what it had bound, until the next upgrade */
  async #checkFiles(pid: number, isKilled: boolean): Promise<void> {
    const own = [
      'control',
      'events.jsonl',
      'fault.json',
      'options.json',
      'output.strace',
      'output.txt',
      'plan.json',
    ]
    const expected = [...own, this.#extraPath(), this.#pidFile, 'service.sock']
    // A process that is killed leaves the draft of its pid file. A lock file beside a path is used again by whoever claims the path.
    const isKnown = (name: string) => /service\.pid|^disk$|^\..*\.lock$/.test(name)
    const isLeft = (name: string) => !expected.includes(name) && !isKnown(name)
    const left = () => readdirSync(this.sandbox.path()).filter(isLeft)
    const missing = expected.filter((name) => !own.includes(name) && !existsSync(this.sandbox.path(name)))
    if (missing.length > 0) throw new Error(`${missing} is not there`)
    // Steps that failed after the commit may leave what they were to change.
    if (this.fresh({ type: 'activation-failed' }).length > 0) {
      for (const name of left()) rmSync(this.sandbox.path(name))
      return
    }
    if (!isKilled) {
      await waitFor(() => left().length === 0, { deadlineMs: 2_000 }).catch(() => {
        throw new Error(`${left()} is left`)
      })
    }
    const told = readFileSync(this.sandbox.path(this.#pidFile), 'utf8').trim()
    if (told !== String(pid)) throw new Error(`the pid file tells ${told}, not ${pid}`)
    const control = readdirSync(this.sandbox.path('control'))
    if (!isDeepStrictEqual(control, ['restart.sock'])) throw new Error(`control/ has ${control}`)
  }

  #extraPath(): string {
    const { generation } = this.sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return `extra-${generation}.sock`
  }

  #owners(): Record<string, number[]> {
    const pids = this.sandbox.pids()
    const { port, udpPort } = this.sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return {
      tcp: ownersOfPort(port, pids),
      udp: ownersOfUdpPort(udpPort, pids),
      path: ownersOfPath(this.sandbox.path('service.sock'), pids),
      extra: ownersOfPath(this.sandbox.path(this.#extraPath()), pids),
      control: ownersOfPath(this.sandbox.controlSocket, pids),
    }
  }

  /** Every socket that tells who answers. */
  #questions(): Record<string, () => Promise<number>> {
    const { port, udpPort } = this.sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return {
      tcp: () => askHttp({ host: '127.0.0.1', port }),
      udp: () => askUdp(udpPort),
      path: () => askHttp({ socketPath: this.sandbox.path('service.sock') }),
      extra: () => askHttp({ socketPath: this.sandbox.path(this.#extraPath()) }),
    }
  }

  /** Another user's lock cannot be taken here. */
  #isLockFree(): boolean {
    return this.#uid === undefined
      ? this.sandbox.isLockFree()
      : !existsSync(`${this.sandbox.controlSocket}.lock`)
  }

  async #request(): Promise<Reply> {
    try {
      const { Response } = await ask({
        path: this.sandbox.controlSocket,
        vocabulary: shellflipVocabulary,
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

  /** After a crash, as a service manager does. */
  async #restart(problems: string[]): Promise<void> {
    for (const pid of this.sandbox.pids()) process.kill(pid, 'SIGKILL')
    await waitFor(() => this.sandbox.pids().length === 0)
    // A first start finds what a crash has left at its paths, and knows nothing of others.
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
    const wrong = await this.#serving(this.#pid, false)
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

/** @returns whether it was there */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

function isFatal(fault: Fault): boolean {
  if ('strace' in fault) return fault.isFatal ?? false
  return 'action' in fault && !/^E[A-Z]+$/.test(fault.action)
}

function hasCrashed(reply: Reply | undefined): boolean {
  return reply !== undefined && 'reason' in reply && /exited with|killed by/.test(reply.reason)
}

/** A close(2) that strace answers is not made. */
function isCloseKept(fault: Fault | undefined): boolean {
  return (
    fault !== undefined && 'strace' in fault && fault.strace.some((arg) => arg.startsWith('inject=close'))
  )
}

function askHttp(where: { host: string; port: number } | { socketPath: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ ...where, agent: false, timeout: 5_000 }, (response) => {
      text(response).then((body) => resolve(Number(body)), reject)
    })
    request.on('error', reject).on('timeout', () => request.destroy(new Error('nobody answers')))
  })
}

async function askUdp(port: number): Promise<number> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('nobody answers')), 5_000).unref()
      socket.on('message', (message) => resolve(Number(message)))
      socket.send('who?', port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}
