import { endProcessesWith, processesWith } from './process-census.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { type Exit, TestProcess, type TestProcessOptions } from './test-process.ts'

export type Finished = Exit & { stdout: string; stderr: string }

/**
 * A folder where a service and its successors run, which is their working directory too. A successor leads a session of
 * its own and outlives who has started it, so the place finds them all by their environment, and ends them with its scope.
 */
export class ServicePlace implements AsyncDisposable {
  readonly #folder = temporaryFolder('sf-')
  readonly #started: TestProcess[] = []

  get path(): string {
    return this.#folder.path
  }

  join(...names: string[]): string {
    return this.#folder.join(...names)
  }

  /**
   * Starts a Node program. Successors share its output, so that its `exit` comes when the last of them has ended:
   * `isAlive()` tells of one process.
   */
  start(args: readonly string[], { env, ...options }: TestProcessOptions = {}): TestProcess {
    const started = TestProcess.node(args, {
      cwd: this.path,
      // Variables of an npm that runs the tests. It would wait for the first process of the service, which changes how it starts.
      env: { SERVICE_PLACE: this.path, PWD: this.path, npm_lifecycle_event: undefined, ...env },
      ...options,
    })
    this.#started.push(started)
    return started
  }

  /** Runs a Node program to its end. */
  async finish(args: readonly string[], options?: TestProcessOptions): Promise<Finished> {
    const run = this.start(args, options)
    const exit = await run.exit
    return { ...exit, stdout: run.stdout, stderr: run.stderr }
  }

  /** The pids of all that runs here. */
  get processes(): number[] {
    return processesWith(this.#mark)
  }

  get #mark(): string {
    return `SERVICE_PLACE=${this.path}\0`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    for (const started of this.#started) await started[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}
