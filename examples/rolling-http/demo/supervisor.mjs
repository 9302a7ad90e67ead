// procroll, used as anyone would use it: by its command line.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { waitFor } from '@shellflip/testing'

const procroll = fileURLToPath(new URL('../../../packages/procroll/dist/cli.js', import.meta.url))
const longestStopMs = 15_000

export class Supervisor {
  /** As `procroll status --json` prints it. */
  status = undefined
  #controlSocket
  #logFile
  #run
  #watch

  /** Runs `procroll run` with one listening socket, on a free port, which it holds for all generations. */
  constructor(folder, service) {
    this.#controlSocket = join(folder, 'control.sock')
    this.#logFile = join(folder, 'procroll.log')
    const log = openSync(this.#logFile, 'a')
    const flags = ['--listen', 'http=tcp://127.0.0.1:0', '--control-socket', this.#controlSocket]
    // In a process group of its own: Ctrl-C ends the demo, and the demo ends procroll.
    this.#run = spawn(process.execPath, [procroll, 'run', ...flags, '--', process.execPath, service], {
      detached: true,
      stdio: ['ignore', log, log],
    })
  }

  /** Waits for the first generation, and then keeps `status` up to date; returns the port. */
  async serving(onStatus) {
    const status = await waitFor(() => this.#running() && this.#readyStatus(), {
      what: 'the first generation',
    })
    this.#watch = spawn(process.execPath, this.#command('status', '--json', '--watch'), {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface(this.#watch.stdout).on('line', (line) => {
      this.status = JSON.parse(line)
      onStatus(this.status)
    })
    onStatus(status)
    return Number(/\d+$/.exec(status.listeners[0].address)[0])
  }

  /** Asks for a roll, and returns what `procroll roll` says of it; throws if it failed. */
  async roll() {
    const { stdout } = await promisify(execFile)(process.execPath, this.#command('roll', '--timeout', '30s'))
    return stdout.trim()
  }

  async stop() {
    const timer = setTimeout(() => process.kill(-this.#run.pid, 'SIGKILL'), longestStopMs)
    await end(this.#run, 'SIGTERM')
    clearTimeout(timer)
    if (this.#watch !== undefined) await end(this.#watch, 'SIGKILL')
    const { exitCode, signalCode } = this.#run
    if (exitCode !== 0) throw new Error(`procroll ended with ${exitCode ?? signalCode}:\n${this.#log}`)
  }

  /** The output of procroll and its generations. */
  get #log() {
    return readFileSync(this.#logFile, 'utf8')
  }

  #running() {
    if (isRunning(this.#run)) return true
    throw new Error(`procroll has ended:\n${this.#log}`)
  }

  async #readyStatus() {
    const { stdout } = await promisify(execFile)(process.execPath, this.#command('status', '--json'))
    const status = JSON.parse(stdout)
    return status.generations.some(({ state }) => state === 'ready') && status
  }

  #command(command, ...flags) {
    return [procroll, command, ...flags, '--control-socket', this.#controlSocket]
  }
}

function isRunning({ exitCode, signalCode }) {
  return exitCode === null && signalCode === null
}

async function end(child, signal) {
  if (!isRunning(child)) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
