import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { listenTcp, localAddress } from '@shellflip/fd-passing'
import {
  endProcessesWith,
  isAlive,
  processesWith,
  TestProcess,
  temporaryFolder,
  waitFor,
} from '@shellflip/testing'
import { repository } from './places.ts'
import { rustProgram } from './rust-service.ts'

const nodeService = join(import.meta.dirname, 'interop-service.mjs')
const cli = join(repository, 'packages/shellflip/dist/cli.js')

/** What an instance answers, whichever language it is written in. */
export type Served = { pid: number; version: 'node' | 'rust'; state: string; names?: string }

/** The result of a client that requested a restart. */
export type Asked = { code: number | null; said: string }

/**
 * A service that is of the Rust crate or of this library, as a test deploys it. `current` is the program of the next start. All processes
 * end with the scope.
 */
export class InteropPlace implements AsyncDisposable {
  readonly #folder = temporaryFolder('interop-')
  /** The Rust service, and its client. */
  readonly rust: string
  readonly #listener = listenTcp({ host: '127.0.0.1', port: 0 })
  readonly controlSocket = this.#folder.join('control', 'restart.sock')
  readonly current = this.#folder.join('current')
  readonly #plan = this.#folder.join('plan.json')
  readonly #started: TestProcess[] = []
  #port = 0

  static async open(): Promise<InteropPlace> {
    return new InteropPlace(await rustProgram())
  }

  private constructor(rust: string) {
    this.rust = rust
    mkdirSync(this.#folder.join('control'), { mode: 0o700 })
  }

  /** Makes the Rust service the program of the next start. */
  deployRust(): void {
    symlinkSync(this.rust, `${this.current}.new`)
    renameSync(`${this.current}.new`, this.current)
  }

  /** Makes our service the program of the next start. It starts as these options say. */
  deployNode(options: Record<string, unknown> = {}): void {
    const whole = {
      controlSocket: this.controlSocket,
      readyTimeoutMs: 10_000,
      drainTimeoutMs: 5_000,
      ...options,
    }
    writeFileSync(this.#plan, JSON.stringify(whole))
    this.deployScript(`exec '${process.execPath}' '${nodeService}'`)
  }

  deployScript(script: string): void {
    writeFileSync(`${this.current}.new`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    renameSync(`${this.current}.new`, this.current)
  }

  /** Options with which our service hands over to the Rust service that is deployed by then. */
  toRust(env: Record<string, string> = {}): Record<string, unknown> {
    return { handover: 'rust-successor', successor: { file: this.current, args: [this.controlSocket], env } }
  }

  /** Starts a Rust service as a service manager would, with a listener named web. Waits until it serves. */
  async startRust(state: string): Promise<Served> {
    this.deployRust()
    const variables = { LISTEN_PID: 'auto', LISTEN_FDS: '1', LISTEN_FDNAMES: 'web', RUST_STATE: state }
    const started = this.#start(this.current, [this.controlSocket], variables, [this.#listener.fd])
    const where = localAddress(this.#listener.fd)
    this.#port = where.family === 'unix' ? 0 : where.port
    await started.printed(/serves/)
    return this.answer()
  }

  /** Starts our service with these options. Waits until it serves. */
  async startNode(options: Record<string, unknown>): Promise<Served> {
    this.deployNode(options)
    const started = this.#start(process.execPath, [nodeService])
    this.#port = Number((await started.printed(/serves \d+ at (\d+)/))[1])
    return this.answer()
  }

  /** Requests a restart by the client of the crate. */
  askByRust(): Promise<Asked> {
    return this.#ask(this.rust, [this.controlSocket, 'restart'])
  }

  /** Requests a restart by `shellflip restart`. */
  askByCli(): Promise<Asked> {
    return this.#ask(process.execPath, [cli, 'restart', '--socket', this.controlSocket])
  }

  get port(): number {
    return this.#port
  }

  answer(): Promise<Served> {
    return new Promise((resolve, reject) => {
      const request = get(
        { host: '127.0.0.1', port: this.#port, agent: false, timeout: 5_000 },
        async (response) => {
          let body = ''
          for await (const part of response.setEncoding('utf8')) body += part
          resolve(JSON.parse(body))
        },
      )
      request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')))
    })
  }

  /** Waits until these are the only processes of the service. */
  async onlyLeft(...pids: number[]): Promise<void> {
    await waitFor(() => this.processes.sort().join() === pids.sort().join(), {
      what: `only ${pids} are left`,
    })
  }

  get processes(): number[] {
    return processesWith(this.#mark).filter(isAlive)
  }

  get output(): string {
    return this.#started.map(({ stdout, stderr }) => stdout + stderr).join('')
  }

  get #mark(): string {
    return `PLAN=${this.#plan}\0`
  }

  async #ask(file: string, args: string[]): Promise<Asked> {
    await using client = TestProcess.start(file, args)
    const { code } = await client.exit
    return { code, said: client.stdout + client.stderr }
  }

  #start(
    file: string,
    args: string[],
    env: Record<string, string> = {},
    extraFds: number[] = [],
  ): TestProcess {
    const started = TestProcess.start(file, args, { env: { ...env, PLAN: this.#plan }, extraFds })
    this.#started.push(started)
    return started
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    for (const started of this.#started) await started[Symbol.asyncDispose]()
    this.#listener.close()
    this.#folder[Symbol.dispose]()
  }
}
