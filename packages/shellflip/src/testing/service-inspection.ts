import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { isAlive, waitFor } from '@shellflip/testing'
import { endedAbruptly, type Fault, isFatal, leavesPath, type Reply } from './fault.ts'
import type { FlipSandbox, ServiceEvent } from './flip-sandbox.ts'
import { ownersOfPath, ownersOfPort, ownersOfUdpPort } from './socket-owners.ts'
import { askHttp, askUdp } from './who-answers.ts'

/** A process of the service and its successor have exited within this time. */
export const settleMs = 15_000

/** Inspects a service from outside: the live processes, the owner of each socket, the process that answers, and leftover files (Linux). */
export class ServiceInspection {
  readonly #sandbox: FlipSandbox
  readonly #pidFile: string
  readonly #isOurs: boolean
  #fds: string[] = []
  /** Counts the steps that failed in earlier upgrades. */
  #excused = 0

  /** @param isOurs whether it runs as this user */
  constructor(sandbox: FlipSandbox, pidFile: string, isOurs: boolean) {
    this.#sandbox = sandbox
    this.#pidFile = pidFile
    this.#isOurs = isOurs
  }

  /** Notes that an upgrade begins. */
  begin(): void {
    this.#excused = this.#sandbox.events({ type: 'activation-failed' }).length
  }

  /** Returns the problems of this process as the only one that serves. `upgrade`: the one that has just ended. */
  async problemsOf(
    pid: number,
    upgrade?: { isUnchanged: boolean; fault: Fault | undefined; reply: Reply },
  ): Promise<string[]> {
    const wrong: string[] = []
    const inspect = async (what: string, check: () => unknown) => {
      try {
        await check()
      } catch (error) {
        wrong.push(`${what}: ${(error as Error).message}`)
      }
    }
    await inspect('processes', () =>
      waitFor(() => isDeepStrictEqual(this.#sandbox.pids(), [pid]), {
        deadlineMs: settleMs,
        what: `${pid} alone`,
      }).catch((error) => {
        throw new Error(`${error.message}, but ${this.#sandbox.pids()}`)
      }),
    )
    if (!isAlive(pid)) return [...wrong, `${pid} is dead, and ${this.#sandbox.pids()} live`]
    await inspect('owners', () =>
      waitFor(() => Object.values(this.#owners()).every((owners) => isDeepStrictEqual(owners, [pid]))).catch(
        () => {
          throw new Error(`${JSON.stringify(this.#owners())}, not ${pid}`)
        },
      ),
    )
    for (const [name, answered] of Object.entries(this.#questions())) {
      await inspect(name, async () => {
        const who = await answered()
        if (who !== pid) throw new Error(`${who} answers, not ${pid}`)
      })
    }
    const isKilled =
      upgrade !== undefined &&
      (isFatal(upgrade.fault) || leavesPath(upgrade.fault) || endedAbruptly(upgrade.reply))
    await inspect('lock', () =>
      waitFor(() => this.#isLockFree(), { what: 'the lock to be free', deadlineMs: 2_000 }),
    )
    await inspect('files', () => this.#checkFiles(pid, isKilled))
    if (upgrade?.isUnchanged) {
      await inspect('descriptors', () => this.#checkFds(pid))
    } else this.#fds = await this.#settledFds(pid)
    return wrong
  }

  /** libuv keeps a descriptor of /dev/null in reserve. It is one of / after the reserve was needed (uv__emfile_trick). */
  #fdsOf(pid: number): string[] {
    return this.#sandbox.fds(pid).map((target) => (target === '/' ? '/dev/null' : target))
  }

  /** Waits, because the descriptors of a test's connections and of the older generation close a moment later. */
  async #settledFds(pid: number): Promise<string[]> {
    let last = this.#fdsOf(pid)
    let same = 0
    await waitFor(() => {
      const next = this.#fdsOf(pid)
      same = isDeepStrictEqual(next, last) ? same + 1 : 0
      last = next
      return same === 5
    })
    return last
  }

  async #checkFds(pid: number): Promise<void> {
    const more = () => {
      const left = [...this.#fds]
      return this.#fdsOf(pid).filter((fd) => {
        const index = left.indexOf(fd)
        if (index !== -1) left.splice(index, 1)
        return index === -1
      })
    }
    await waitFor(() => more().length === 0, { deadlineMs: 5_000 }).catch(() => {
      throw new Error(`${more()} more than before`)
    })
  }

  /** @param isKilled a killed process leaves what it had bound, until the next upgrade */
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
    // A killed process leaves the draft of its pid file. The next claim of a path uses the lock file beside it again.
    const isKnown = (name: string) => /service\.pid|^disk$|^\..*\.lock$/.test(name)
    const isLeft = (name: string) => !expected.includes(name) && !isKnown(name)
    const left = () => readdirSync(this.#sandbox.path()).filter(isLeft)
    const missing = expected.filter((name) => !own.includes(name) && !existsSync(this.#sandbox.path(name)))
    if (missing.length > 0) throw new Error(`${missing} is not there`)
    // Steps that failed after the commit may leave what they had to change.
    if (this.#sandbox.events({ type: 'activation-failed' }).length > this.#excused) {
      for (const name of left()) rmSync(this.#sandbox.path(name))
      return
    }
    if (!isKilled) {
      await waitFor(() => left().length === 0, { deadlineMs: 2_000 }).catch(() => {
        throw new Error(`${left()} is left`)
      })
    }
    const told = readFileSync(this.#sandbox.path(this.#pidFile), 'utf8').trim()
    if (told !== String(pid)) throw new Error(`the pid file tells ${told}, not ${pid}`)
    const control = readdirSync(this.#sandbox.path('control'))
    if (!isDeepStrictEqual(control, ['restart.sock'])) throw new Error(`control/ has ${control}`)
  }

  #extraPath(): string {
    const { generation } = this.#sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return `extra-${generation}.sock`
  }

  #owners(): Record<string, number[]> {
    const pids = this.#sandbox.pids()
    const { port, udpPort } = this.#sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return {
      tcp: ownersOfPort(port, pids),
      udp: ownersOfUdpPort(udpPort, pids),
      path: ownersOfPath(this.#sandbox.path('service.sock'), pids),
      extra: ownersOfPath(this.#sandbox.path(this.#extraPath()), pids),
      control: ownersOfPath(this.#sandbox.controlSocket, pids),
    }
  }

  /** Returns every socket whose answer names the process. */
  #questions(): Record<string, () => Promise<number>> {
    const { port, udpPort } = this.#sandbox.events({ type: 'serving' }).at(-1) as ServiceEvent
    return {
      tcp: () => askHttp({ host: '127.0.0.1', port }),
      udp: () => askUdp(udpPort),
      path: () => askHttp({ socketPath: this.#sandbox.path('service.sock') }),
      extra: () => askHttp({ socketPath: this.#sandbox.path(this.#extraPath()) }),
    }
  }

  /** Reports whether the lock is free. Another user's lock cannot be taken here. */
  #isLockFree(): boolean {
    return this.#isOurs ? this.#sandbox.isLockFree() : !existsSync(`${this.#sandbox.controlSocket}.lock`)
  }
}
