import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { type LoadOptions, waitFor } from '@shellflip/testing'
import { E2eError } from './e2e-error.ts'
import { type Additions, layers } from './layers.ts'
import { MachineKeeper } from './machine-keeper.ts'
import { MachineLoad } from './machine-load.ts'
import { examplesFolder, machineFolder } from './places.ts'
import { assertRequirements } from './requirements.ts'

/** How a command in a machine ended. */
export type Outcome = { code: number | null; stdout: string; stderr: string }

export type ExecOptions = {
  /** Its standard input. @default '' */
  input?: string
  /** It is killed then, and the call rejects. @default 60_000 */
  deadlineMs?: number
}

/** The namespaces of a machine, all but the file system's. */
const namespaces = ['--pid', '--uts', '--ipc', '--net', '--cgroup']

/**
 * A booted systemd, with Node and the published packages installed: `await using machine = await Machine.boot()`.
 * It has processes, cgroups, a network (loopback) and a root file system of its own; all of it goes with the scope, or
 * with the process that booted it.
 */
export class Machine implements AsyncDisposable {
  /** The pid of the machine's systemd, as seen from outside. */
  readonly pid: number
  readonly #keeper: MachineKeeper
  readonly #loads = new Set<MachineLoad>()

  /**
   * Returns when systemd says that it is `running`. The first time, or when a package has changed, layers are built before.
   *
   * @throws {E2eError} ERR_REQUIREMENTS
   * @throws {E2eError} ERR_BUILD
   * @throws {E2eError} ERR_BOOT
   */
  static async boot(additions: Additions = {}): Promise<Machine> {
    assertRequirements()
    const keeper = new MachineKeeper(await layers(additions))
    const machine = new Machine(await keeper.machinePid(), keeper)
    try {
      await waitFor(() => machine.#isRunning(), { deadlineMs: 30_000, what: 'systemd to be running' })
      return machine
    } catch (cause) {
      const { stdout } = await machine.systemctl('list-units', '--failed').catch(() => ({ stdout: '' }))
      await machine.stop()
      throw new E2eError('ERR_BOOT', `systemd did not come up:\n${keeper.output}${stdout}`, { cause })
    }
  }

  private constructor(pid: number, keeper: MachineKeeper) {
    this.pid = pid
    this.#keeper = keeper
  }

  /** Runs a command as root, in no unit, and waits for its end. */
  exec(command: readonly string[], { input = '', deadlineMs = 60_000 }: ExecOptions = {}): Promise<Outcome> {
    const child = this.#enter(['--mount', '--root', '--wd', ...namespaces], command)
    return new Promise((resolve, reject) => {
      const outcome: Outcome = { code: null, stdout: '', stderr: '' }
      const deadline = setTimeout(() => {
        child.kill('SIGKILL')
        const text = `${command.join(' ')} did not end within ${deadlineMs} ms\n${outcome.stdout}${outcome.stderr}`
        reject(new E2eError('ERR_COMMAND', text))
      }, deadlineMs)
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          outcome[name] += text
        })
      }
      child.once('error', reject)
      child.once('close', (code) => {
        clearTimeout(deadline)
        resolve({ ...outcome, code })
      })
      child.stdin.on('error', () => {}).end(input)
    })
  }

  /** Runs a command, and returns what it printed, without the last newline. @throws {E2eError} ERR_COMMAND if the command fails */
  async run(command: readonly string[], options?: ExecOptions): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, options)
    if (code === 0) return stdout.trimEnd()
    throw new E2eError('ERR_COMMAND', `${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  }

  systemctl(...args: readonly string[]): Promise<Outcome> {
    return this.exec(['systemctl', ...args])
  }

  /** Reads the properties of a unit from systemd: `const { MainPID } = await machine.show('web.service', 'MainPID')`. */
  async show<const Property extends string>(
    unit: string,
    ...properties: readonly Property[]
  ): Promise<Record<Property, string>> {
    const text = await this.run(['systemctl', 'show', unit, `--property=${properties.join(',')}`])
    const pairs = text
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
    return Object.fromEntries(pairs)
  }

  /** Waits until systemd says this of a unit; tells what it says instead. */
  async until(unit: string, expected: Readonly<Record<string, string>>, deadlineMs = 20_000): Promise<void> {
    let actual: Record<string, string> = {}
    const matches = async () => {
      actual = await this.show(unit, ...Object.keys(expected))
      return Object.entries(expected).every(([name, value]) => actual[name] === value)
    }
    await waitFor(matches, { deadlineMs }).catch(async (cause) => {
      const journal = (await this.journal(unit)).slice(-30).join('\n')
      const text = `${unit} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}\n${journal}`
      throw new E2eError('ERR_COMMAND', text, { cause })
    })
  }

  /** The journal's messages about and by a unit, oldest first. */
  async journal(unit: string): Promise<string[]> {
    await this.run(['journalctl', '--sync'])
    return (await this.run(['journalctl', '--output=cat', '--all', `--unit=${unit}`])).split('\n')
  }

  /** Where a file of the machine is outside of it. */
  path(inside: string): string {
    return `/proc/${this.pid}/root${inside}`
  }

  /** Writes a file in the machine, and the folders above it. */
  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true })
    writeFileSync(this.path(path), content, { mode })
  }

  /**
   * Installs an example of the repository: its unit files in /etc/systemd/system, all else in
   * `/srv/EXAMPLE/releases/RELEASE`, which `/srv/EXAMPLE/current` then leads to. Another release is a deploy.
   */
  async install(example: string, release = 'v1'): Promise<void> {
    const source = join(examplesFolder, example)
    const service = `/srv/${example}`
    for (const name of readdirSync(source)) {
      if (name === 'node_modules') continue
      const folder = /\.(service|socket)$/.test(name)
        ? '/etc/systemd/system'
        : `${service}/releases/${release}`
      mkdirSync(this.path(folder), { recursive: true })
      cpSync(join(source, name), this.path(`${folder}/${name}`), { recursive: true })
    }
    this.switchTo(example, release)
    await this.run(['systemctl', 'daemon-reload'])
  }

  /** Points `/srv/EXAMPLE/current` at another release. */
  switchTo(example: string, release: string): void {
    const link = this.path(`/srv/${example}/current`)
    rmSync(link, { force: true })
    symlinkSync(`releases/${release}`, link)
  }

  /** Puts load on a service, from a process in the machine's network. The target's UNIX path is one of the machine. */
  load(options: Omit<LoadOptions, 'onAnswer' | 'expectBody'>): MachineLoad {
    const { target } = options
    const seenFromOutside = 'path' in target ? { path: this.path(target.path) } : target
    const command = [process.execPath, join(machineFolder, 'load.mjs')]
    const argument = JSON.stringify({ ...options, target: seenFromOutside })
    const load = new MachineLoad(this.#enter(['--net', '--pid'], [...command, argument]))
    this.#loads.add(load)
    return load
  }

  /** Ends the machine and everything in it, and removes its traces. May be called twice. */
  async stop(): Promise<void> {
    for (const load of this.#loads) load.abandon()
    await this.#keeper.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #isRunning(): Promise<boolean> {
    return (await this.systemctl('is-system-running')).stdout.trim() === 'running'
  }

  #enter(
    flags: readonly string[],
    command: readonly string[],
  ): ChildProcessByStdio<Writable, Readable, Readable> {
    const { CI_ENCLOSURE } = process.env
    return spawn('nsenter', [`--target=${this.pid}`, ...flags, '--', ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        ...(CI_ENCLOSURE === undefined ? {} : { CI_ENCLOSURE }),
      },
    })
  }
}
