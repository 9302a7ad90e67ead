import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { isAlive, waitFor } from '@shellflip/testing'

/** Whether strace is installed, and may trace one of our processes. */
export const hasStrace =
  process.platform === 'linux' && spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0

const stuckMs = 2_000

/** One system call of a thread, and its number among those of its name. */
export type SystemCall = { readonly name: string; readonly nth: number }

/** A process whose system calls are traced. strace(1) changes some of them on the way. */
export class Strace {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<unknown>

  /**
   * Attaches to all threads of a process, and resolves when each is traced.
   *
   * @param args which calls to trace, and how to change them: `trace=…`, `inject=…`
   */
  static async attach(pid: number, args: readonly string[], log: string): Promise<Strace> {
    const strace = new Strace(pid, args, log)
    // An injection can kill the process before its last thread is traced.
    await waitFor(() => !isAlive(pid) || threadsOf(pid).every((thread) => isTraced(pid, thread)), {
      what: `strace to trace ${pid}`,
    })
    return strace
  }

  private constructor(pid: number, args: readonly string[], log: string) {
    const threads = threadsOf(pid).flatMap((thread) => ['-p', String(thread)])
    const expressions = args.flatMap((arg) => ['-e', arg])
    this.#log = log
    this.#child = spawn('strace', ['-qq', '-o', log, ...expressions, ...threads], { stdio: 'ignore' })
    this.#ended = once(this.#child, 'exit')
    this.#ended.catch(() => {})
  }

  /** Detaches from the process. @returns the traced calls, one a line */
  async detach(): Promise<string[]> {
    this.#child.kill('SIGTERM')
    // strace 6.1 can wait for ever for a thread of a process that its injection has killed.
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), stuckMs)
    await this.#ended
    clearTimeout(stuck)
    return readFileSync(this.#log, 'utf8').split('\n')
  }
}

function threadsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number)
}

function isTraced(pid: number, thread: number): boolean {
  return !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
}

/** Returns the calls of a trace, in the order of their names. It takes the most that one thread made of each. */
export function systemCallsOf(lines: readonly string[]): SystemCall[] {
  const counts = new Map<string, Map<string, number>>()
  for (const line of lines) {
    // A line begins with the thread where several are traced. A call that waits has a second line, "<... name resumed>".
    const [, thread = '', name] = /^(?:(\d+) +)?([a-z_0-9]+)\(/.exec(line) ?? []
    if (name === undefined) continue
    const ofThreads = counts.get(name) ?? new Map<string, number>()
    counts.set(name, ofThreads.set(thread, (ofThreads.get(thread) ?? 0) + 1))
  }
  return [...counts].flatMap(([name, ofThreads]) =>
    Array.from({ length: Math.max(...ofThreads.values()) }, (_, index) => ({ name, nth: index + 1 })),
  )
}
