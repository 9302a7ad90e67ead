import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Tells the pid of the process that serves. Whoever reads it finds the old one or the new one, never half of it. */
export class PidFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  write(): void {
    const next = `${this.#path}.${process.pid}`
    writeFileSync(next, `${process.pid}\n`)
    renameSync(next, this.#path)
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
