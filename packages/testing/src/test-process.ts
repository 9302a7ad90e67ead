import { type ChildProcess, spawn } from 'node:child_process'
import { type WaitOptions, waitFor } from './wait-for.ts'

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type TestProcessOptions = {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** The files at fd 3 and above in the child. */
  extraFds?: readonly number[]
}

/**
 * A real process that a test owns: it leads a process group of its own, which is killed with the scope
 * (`await using service = TestProcess.start(...)`). What it prints is kept.
 */
export class TestProcess implements AsyncDisposable {
  stdout = ''
  stderr = ''
  readonly exit: Promise<Exit>
  readonly #child: ChildProcess

  static start(command: string, args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    return new TestProcess(command, args, options)
  }

  /** A Node program, under the Node that runs the test. */
  static node(args: readonly string[], options: TestProcessOptions = {}): TestProcess {
    return new TestProcess(process.execPath, args, options)
  }

  private constructor(command: string, args: readonly string[], options: TestProcessOptions) {
    this.#child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(options.extraFds ?? [])],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
    this.exit.catch(() => {})
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the process did not start')
    return pid
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Waits until the output so far (stdout, then stderr) matches, and returns the match. */
  async printed(pattern: RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    try {
      return await waitFor(() => pattern.exec(this.stdout) ?? pattern.exec(this.stderr), {
        what: `${pattern} in the output`,
        ...options,
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined) return
    killGroup(this.#child.pid)
    await this.exit.catch(() => {})
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
