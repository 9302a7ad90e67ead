import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endProcessesWith, TestProcess, type TestProcessOptions, temporaryFolder } from '@shellflip/testing'

/** The program that all these tests run. */
export const program = fileURLToPath(new URL('./launched-service.mjs', import.meta.url))

/** Long enough on a busy machine for a start of Node that follows others: npm's, tsx's. */
const deadlineMs = 25_000

type Trouble = 'exit' | 'wait'

type LaunchOptions = TestProcessOptions & {
  /** The trouble of the first start. */
  trouble?: Trouble
}

/** A running `launched-service.mjs`, started in any way, and all of its generations. They end with the scope. */
export class LaunchedService implements AsyncDisposable {
  readonly process: TestProcess
  readonly #folder: ReturnType<typeof temporaryFolder>
  readonly #mark: string

  static start(command: readonly string[], options: LaunchOptions = {}): LaunchedService {
    return new LaunchedService(command, options)
  }

  private constructor([file, ...args]: readonly string[], { trouble, ...options }: LaunchOptions) {
    this.#folder = temporaryFolder()
    if (trouble !== undefined) this.trouble(trouble)
    this.#mark = `LAUNCHED_SERVICE=${randomUUID()}`
    const [name, value] = this.#mark.split('=') as [string, string]
    this.process = TestProcess.start(file as string, args, {
      cwd: this.#folder.path,
      ...options,
      env: {
        TROUBLE: this.#trouble,
        // tsx leaves its cache there.
        TMPDIR: this.#folder.path,
        ...options.env,
        [name]: value,
      },
    })
  }

  get #trouble(): string {
    return join(this.#folder.path, 'trouble')
  }

  /** Sets the trouble of later starts: they exit with 3, wait, or do neither. */
  trouble(what: Trouble | 'none'): void {
    if (what === 'none') rmSync(this.#trouble)
    else writeFileSync(this.#trouble, what)
  }

  /** Returns the generations that reported that they serve, in order. */
  get generations(): Generation[] {
    const lines = this.process.stdout.matchAll(/serves (\d+) port (\d+) parent (\d+) registered (.*)\n/g)
    return Array.from(lines, ([, pid, port, parent, registered]) => ({
      pid: Number(pid),
      port: Number(port),
      parent: Number(parent),
      registered,
    }))
  }

  /** Returns the `count`th of them. */
  async generation(count: number): Promise<Generation> {
    await this.process.printed(new RegExp(`(?:serves [^]*){${count}}\n`), { deadlineMs })
    return this.generations[count - 1] as Generation
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    await this.process[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}

export type Generation = { pid: number; port: number; parent: number; registered: string | undefined }

/** Returns the body of an answer, to its end. */
export function ask(port: number, path = '/', onFirst: (text: string) => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
        onFirst(text)
      })
      response.once('end', () => resolve(body))
      response.once('error', reject)
    })
    request.once('error', reject)
  })
}

/** Returns the children of this process, zombies too. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}
