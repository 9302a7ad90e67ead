import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { invalidArgument } from './shellflip-error.ts'

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
    if (statSync(this.#path, { throwIfNoEntry: false })?.isDirectory()) {
      throw invalidArgument(`pidFile ${this.#path} is a folder: give the path of a file in it`)
    }
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
    } catch {
      // Gone, or in a folder of which we have given up the privilege: as after a crash it tells a pid that has ended.
    }
  }
}
