import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** As /tmp is: tests that run a process as another user give it a place in there. */
function commonFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'ci-'))
  chmodSync(folder, 0o1777)
  return folder
}

/**
 * A temporary folder for commands to run in (`environment` makes them use it), and a mark by which their
 * processes are found, however far they detached themselves (Linux; elsewhere no process is seen).
 */
export class Enclosure {
  #folder = commonFolder()
  environment = { TMPDIR: this.#folder, CI_ENCLOSURE: this.#folder }

  /** Ends and removes what was left behind since the last call. Returns one line for each. */
  async leftovers() {
    for (let round = 0; round < 20 && this.#processes().length > 0; round++) await delay(100)
    const processes = this.#processes()
    const files = readdirSync(this.#folder)
    for (const { pid } of processes) process.kill(pid, 'SIGKILL')
    for (const file of files) rmSync(join(this.#folder, file), { recursive: true, force: true })
    return [
      ...processes.map(({ pid, command }) => `left running: ${pid} ${command}`),
      ...files.map((file) => `left in the temporary folder: ${file}`),
    ]
  }

  [Symbol.dispose]() {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #processes() {
    if (process.platform !== 'linux') return []
    const mark = `CI_ENCLOSURE=${this.#folder}`
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return []
          const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
          return [{ pid: Number(name), command }]
        } catch {
          return [] // Ended meanwhile, or another user's.
        }
      })
  }
}
