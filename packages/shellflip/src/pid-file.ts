import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Tells the pid of the process that serves. Whoever reads it finds the old one or the new one, never half of it. */
export class PidFile {
  readonly #path: string
  readonly #next: string

  constructor(path: string) {
    this.#path = path
    this.#next = `${path}.${process.pid}`
  }

  /** What can fail is tried before the commit. */
  prepare(): void {
    writeFileSync(this.#next, `${process.pid}\n`)
  }

  /** This process serves. */
  commit(): void {
    renameSync(this.#next, this.#path)
  }

  /** This process serves not. */
  abandon(): void {
    rmSync(this.#next, { force: true })
  }

  /** If it still tells ours. */
  remove(): void {
    try {
      if (readFileSync(this.#path, 'utf8').trim() === String(process.pid)) rmSync(this.#path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}
