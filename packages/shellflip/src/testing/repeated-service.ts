import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { endProcessesWith, TestProcess, type TestProcessOptions, waitFor } from '@shellflip/testing'
import type { UpgradeOutcome } from '@shellflip/upgrader'

/** The program that all these tests run. */
export const program = fileURLToPath(new URL('./repeated-service.mjs', import.meta.url))

/** How a generation reports that it was started. */
export type Start = {
  app: Record<string, string>
  argv: string[]
  execArgv: string[]
  cwd: string | null
  inspector?: string
  parent: number
}

type Line = {
  pid: number
  serves?: Start
  started?: number
  hangs?: true
  outcome?: UpgradeOutcome
  hook?: number
  done?: string
}

/** Long enough on a busy machine for a start of Node that follows others. */
const deadlineMs = 25_000

/** A running `repeated-service.mjs`, started by any command, and all of its generations. They end with the scope. */
export class RepeatedService implements AsyncDisposable {
  readonly process: TestProcess
  readonly #mark: string

  /** Starts it, and waits until it serves. */
  static async start(command: readonly string[], options: TestProcessOptions = {}): Promise<RepeatedService> {
    const service = new RepeatedService(command, options)
    try {
      await service.line(({ serves }) => serves)
      return service
    } catch (error) {
      await service[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor([file, ...args]: readonly string[], options: TestProcessOptions) {
    const name = 'REPEATED_SERVICE'
    const value = randomUUID()
    this.#mark = `${name}=${value}\0`
    this.process = TestProcess.start(file as string, args, {
      ...options,
      env: { ...options.env, [name]: value },
    })
  }

  get lines(): Line[] {
    const whole = this.process.stdout.split('\n').slice(0, -1)
    return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  }

  /** Returns the first line of this kind, when it is there. */
  async line(matches: (line: Line) => unknown): Promise<Line> {
    try {
      return await waitFor(() => this.lines.find(matches), { what: 'a line of the service', deadlineMs })
    } catch (error) {
      const { stdout, stderr } = this.process
      throw new Error(`${(error as Error).message}\nstdout: ${stdout}\nstderr: ${stderr}`)
    }
  }

  /** Returns the last generation that serves. */
  get serving(): Start & { pid: number } {
    const line = this.lines.findLast(({ serves }) => serves)
    if (line?.serves === undefined) throw new Error('nobody serves')
    return { pid: line.pid, ...line.serves }
  }

  /** Requests an upgrade from the serving generation, by a signal. */
  async upgrade(): Promise<UpgradeOutcome> {
    const count = this.#outcomes.length
    process.kill(this.serving.pid, 'SIGUSR2')
    await this.line(() => this.#outcomes.length > count)
    return this.#outcomes.at(-1) as UpgradeOutcome
  }

  /** Does the same, where it must succeed. Returns how the successor was started. */
  async upgraded(): Promise<Start & { pid: number }> {
    const outcome = await this.upgrade()
    if (outcome.type !== 'upgraded') throw new Error(`${JSON.stringify(outcome)}\n${this.process.stderr}`)
    await this.line(({ pid, serves }) => serves && pid === outcome.pid)
    return this.serving
  }

  get #outcomes(): UpgradeOutcome[] {
    return this.lines.flatMap(({ outcome }) => outcome ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    await this.process[Symbol.asyncDispose]()
  }
}
