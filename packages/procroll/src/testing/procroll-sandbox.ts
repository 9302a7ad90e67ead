import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { listenTcp, localAddress } from '@shellflip/fd-passing'
import { type Status, statusSchema } from '@shellflip/supervisor-control'
import {
  compileScriptedProcess,
  type Exit,
  endProcessesWith,
  processesWith,
  TestProcess,
  temporaryFolder,
} from '@shellflip/testing'

export { hear } from '@shellflip/testing'

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
export const service = fileURLToPath(new URL('service.mjs', import.meta.url))

export type Finished = Exit & { stdout: string; stderr: string }
export type StartOptions = {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** A command that runs Node. */
  under?: readonly string[]
  /** Flags of Node itself. */
  nodeFlags?: readonly string[]
}

/** procroll as users run it, in folders of the test's own; whatever it leaves running ends with the scope. */
export class ProcrollSandbox implements AsyncDisposable {
  readonly #folder = temporaryFolder('pr-')
  readonly #started: TestProcess[] = []
  #scripted: string | undefined
  readonly runtime = this.#folder.join('run')
  readonly tempdir = this.#folder.join('tmp')

  constructor() {
    mkdirSync(this.tempdir)
  }

  join(...names: string[]): string {
    return this.#folder.join(...names)
  }

  get env(): NodeJS.ProcessEnv {
    return {
      PROCROLL_RUNTIME_DIR: this.runtime,
      TMPDIR: this.tempdir,
      NODE_EXTRA_CA_CERTS: '',
      NOTIFY_SOCKET: undefined,
    }
  }

  /** The path of the process that does what its arguments say, as {@link Script} describes. A shell can exec it. */
  get scripted(): string {
    this.#scripted ??= compileScriptedProcess(this.#folder.path)
    return this.#scripted
  }

  /** Starts procroll with these arguments. */
  start(
    args: readonly string[],
    { env, cwd = this.#folder.path, under = [], nodeFlags = [] }: StartOptions = {},
  ): TestProcess {
    const [file, ...rest] = [...under, process.execPath, ...nodeFlags, cli, ...args]
    const started = TestProcess.start(file as string, rest, { env: { ...this.env, ...env }, cwd })
    this.#started.push(started)
    return started
  }

  /** Runs procroll with these arguments to its end. */
  async finish(args: readonly string[], options?: StartOptions): Promise<Finished> {
    const process = this.start(args, options)
    const exit = await process.exit
    return { ...exit, stdout: process.stdout, stderr: process.stderr }
  }

  /** Runs procroll to its end as `"$@"` of a script. */
  async shell(script: string, args: readonly string[]): Promise<Finished> {
    const shell = TestProcess.start('sh', ['-c', script, 'sh', process.execPath, cli, ...args], {
      env: this.env,
    })
    this.#started.push(shell)
    const exit = await shell.exit
    return { ...exit, stdout: shell.stdout, stderr: shell.stderr }
  }

  /** The command of the test service, with these settings. */
  service(...settings: string[]): string[] {
    return [process.execPath, service, ...settings]
  }

  /** Starts `procroll run` over the test service, and waits until its first generation serves. */
  async serve(
    flags: readonly string[],
    settings: readonly string[] = [],
    options?: StartOptions,
  ): Promise<TestProcess> {
    const supervisor = this.start(['run', ...flags, '--', ...this.service(...settings)], options)
    await supervisor.printed(/msg="generation serves" generation=1/)
    return supervisor
  }

  /** The status of the only supervisor here. */
  async status(): Promise<Status> {
    const { stdout, stderr } = await this.finish(['status', '--json'])
    if (stdout === '') throw new Error(stderr)
    return statusSchema.parse(JSON.parse(stdout))
  }

  /** Starts procroll as a service manager does that passes a socket. */
  startWithSocket(fd: number, name: string, flags: readonly string[]): TestProcess {
    const script = 'LISTEN_PID=$$ exec "$@"'
    const words = [process.execPath, cli, 'run', ...flags, '--', process.execPath, service]
    const started = TestProcess.start('sh', ['-c', script, 'sh', ...words], {
      env: { ...this.env, LISTEN_FDS: '1', LISTEN_FDNAMES: name },
      cwd: this.#folder.path,
      extraFds: [fd],
    })
    this.#started.push(started)
    return started
  }

  /** Puts a shell script into the sandbox. */
  writeScript(name: string, text: string): void {
    writeFileSync(this.join(name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }

  /** Lists the files that procroll left in its folders. */
  get leftovers(): string[] {
    return [this.runtime, this.tempdir].flatMap((folder) => {
      try {
        return readdirSync(folder)
      } catch {
        return []
      }
    })
  }

  /** The pids of all that runs in this sandbox. */
  get processes(): number[] {
    return processesWith(this.#mark)
  }

  get #mark(): string {
    return `PROCROLL_RUNTIME_DIR=${this.runtime}\0`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    for (const started of this.#started) await started[Symbol.asyncDispose]()
    this.#folder[Symbol.dispose]()
  }
}

/** A TCP socket that listens on a free port. */
export function freeListener(): Disposable & { fd: number; port: number } {
  const owned = listenTcp({ host: '127.0.0.1', port: 0 })
  const address = localAddress(owned.fd)
  if (address.family !== 'IPv4') throw new Error('an IPv4 socket has an IPv4 address')
  return { fd: owned.fd, port: address.port, [Symbol.dispose]: () => owned.close() }
}
