import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { waitFor } from '@shellflip/testing'
import { E2eError } from './e2e-error.ts'
import { cacheFolder } from './layer-cache.ts'
import { machineFolder } from './places.ts'

/** The process (machine/keep.sh) that owns a machine: it ends it when it loses us, and leaves nothing behind. */
export class MachineKeeper {
  /** The output of the boot. */
  output = ''
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #end: Promise<number | null>
  #hasEnded = false

  constructor(layers: readonly string[]) {
    // Machines may share it: each mounts there in a mount namespace of its own.
    const mountpoint = join(cacheFolder(), 'mountpoint')
    mkdirSync(mountpoint, { recursive: true })
    // A group of its own: an interrupt from the terminal is ours, and it hears of it by our end.
    this.#process = spawn(join(machineFolder, 'keep.sh'), [mountpoint, layers.join(':'), process.execPath], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
    this.#end = new Promise((resolve) => {
      this.#process.once('close', (code) => {
        this.#hasEnded = true
        resolve(code)
      })
    })
  }

  /** The pid of the machine's first process, as seen from here. */
  async machinePid(): Promise<number> {
    const pid = await waitFor(() => /^machine (\d+)$/m.exec(this.output)?.[1] ?? (this.#hasEnded && 'none'))
    if (pid === 'none') throw new E2eError('ERR_BOOT', `the machine ended while it booted:\n${this.output}`)
    return Number(pid)
  }

  async stop(): Promise<void> {
    this.#process.stdin.end()
    if ((await this.#end) === 0) return
    throw new E2eError('ERR_STOP', `processes or cgroups of the machine are left:\n${this.output}`)
  }
}
