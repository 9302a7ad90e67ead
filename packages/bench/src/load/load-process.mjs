import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { within } from '../cells/within.mjs'
import { clientCpu } from './client-cpu.mjs'

const client = fileURLToPath(new URL('client.mjs', import.meta.url))
const answerWithinMs = 30_000

/** The load client in a process of its own, bound to one CPU. */
export class LoadProcess {
  #child
  #waiting = new Map()
  #requests = 0
  #ready
  #ended

  constructor() {
    const node = [process.execPath, client]
    const [file, ...args] = clientCpu === undefined ? node : ['taskset', '-c', String(clientCpu), ...node]
    const { SHELLFLIP_BENCH: _, ...env } = process.env
    this.#child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
    this.#ready = new Promise((resolve, reject) => this.#waiting.set('ready', { resolve, reject }))
    this.#ready.catch(() => {})
    this.#child.on('message', ({ id, value, error }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', (code, signal) => {
      this.#ended = new Error(`the load client ended with ${signal ?? code}`)
      for (const { reject } of this.#waiting.values()) reject(this.#ended)
      this.#waiting.clear()
    })
  }

  get pid() {
    return this.#child.pid
  }

  /** Resolves when every client has its first answer, or after the time that `Load` allows for it. */
  start(options) {
    return this.#call('start', options)
  }

  /** Waits until all long-lived connections are established, and resolves with their number. */
  established(deadlineMs = 20_000) {
    return this.#call('established', deadlineMs)
  }

  ids() {
    return this.#call('ids')
  }

  cut() {
    return this.#call('cut')
  }

  /** Waits for the end of a limited load. */
  finished(deadlineMs = 10_000) {
    return this.#call('finished', deadlineMs)
  }

  stop(hangingAfterMs = 5_000) {
    return this.#call('stop', hangingAfterMs)
  }

  async [Symbol.asyncDispose]() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async #call(method, ...args) {
    await this.#ready
    if (this.#ended) throw this.#ended
    const id = ++this.#requests
    const answered = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // A send that fails finds a client that ends. Its exit rejects what waits, with the reason.
      this.#child.send({ id, method, args }, () => {})
    })
    return within(answerWithinMs, `${method} of the load client`, answered)
  }
}
