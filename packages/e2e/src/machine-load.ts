import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type LoadCounts, type LoadReport, waitFor } from '@shellflip/testing'
import { E2eError } from './e2e-error.ts'

/** How often each body came as an answer. */
type Bodies = { bodies: Record<string, number> }

export type MachineLoadReport = LoadReport & Bodies

/** Load on a service in a machine, counted exactly (machine/load.mjs). It ends with the machine at the latest. */
export class MachineLoad {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #end: Promise<number | null>
  #printed = ''
  #errors = ''

  /** @internal */
  constructor(process: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#process = process
    process.stdout.setEncoding('utf8').on('data', (text: string) => {
      // Only the last whole line counts, and the beginning of the next one.
      const lines = (this.#printed + text).split('\n')
      this.#printed = lines.slice(-2).join('\n')
    })
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    process.stdin.on('error', () => {})
    this.#end = new Promise((resolve, reject) => {
      process.once('error', reject)
      process.once('close', resolve)
    })
    this.#end.catch(() => {})
  }

  /** The counts so far, not older than 50 ms or so. */
  get counts(): LoadCounts & Bodies {
    const [line = ''] = this.#printed.split('\n')
    if (line === '') throw new E2eError('ERR_COMMAND', `the load has not begun\n${this.#errors}`)
    return JSON.parse(line)
  }

  /** Waits until so many more requests have been answered rightly. */
  async answered(more: number): Promise<void> {
    const { ok } = await waitFor(() => this.counts, { what: 'the load to begin' })
    await waitFor(() => this.counts.ok >= ok + more, { deadlineMs: 30_000 }).catch((cause) => {
      const text = `${more} more answers after ${ok} did not come: ${JSON.stringify(this.counts)}`
      throw new E2eError('ERR_COMMAND', text, { cause })
    })
  }

  /** Asks no more, waits for the answers that are due, and reports. */
  async stop(): Promise<MachineLoadReport> {
    this.#process.stdin.end()
    const code = await this.#end
    if (code !== 0) throw new E2eError('ERR_COMMAND', `the load ended with ${code}\n${this.#errors}`)
    return JSON.parse(this.#printed)
  }

  /** Ends it without a report. */
  abandon(): void {
    this.#process.stdin.end()
  }
}
